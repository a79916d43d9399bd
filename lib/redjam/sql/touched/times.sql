-- The times that the checks look at: those that this load touched.
CREATE TEMP TABLE checked_times
DISTKEY (start_time)
AS
SELECT start_time FROM former_plays
UNION
SELECT start_time FROM load_songplays;
