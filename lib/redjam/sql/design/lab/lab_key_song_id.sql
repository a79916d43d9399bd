-- The plays by song_id.
CREATE TABLE lab_key_song_id
DISTSTYLE KEY
DISTKEY (song_id)
SORTKEY (start_time)
AS
SELECT songplay_id, start_time, user_id, session_id, song_id, artist_id
FROM songplays;
