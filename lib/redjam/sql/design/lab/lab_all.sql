-- The plays whole on every node.
CREATE TABLE lab_all
DISTSTYLE ALL
SORTKEY (start_time)
AS
SELECT songplay_id, start_time, user_id, session_id, song_id, artist_id
FROM songplays;
