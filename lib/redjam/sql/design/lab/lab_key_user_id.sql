-- The plays by user_id.
CREATE TABLE lab_key_user_id
DISTSTYLE KEY
DISTKEY (user_id)
SORTKEY (start_time)
AS
SELECT songplay_id, start_time, user_id, session_id, song_id, artist_id
FROM songplays;
