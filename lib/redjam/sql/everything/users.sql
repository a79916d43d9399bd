-- All listeners, of the dimension and of the plays.
CREATE TEMP TABLE checked_users
DISTSTYLE ALL
AS
SELECT user_id FROM users
UNION
SELECT user_id FROM songplays;
