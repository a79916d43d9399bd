-- All times, of the dimension and of the plays.
CREATE TEMP TABLE checked_times
DISTKEY (start_time)
AS
SELECT start_time FROM time
UNION
SELECT start_time FROM songplays;
