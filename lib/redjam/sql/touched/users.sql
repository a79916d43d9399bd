-- The listeners that the checks look at: those that this load touched.
CREATE TEMP TABLE checked_users
DISTSTYLE ALL
AS
SELECT user_id FROM former_plays
UNION
SELECT user_id FROM load_songplays;
