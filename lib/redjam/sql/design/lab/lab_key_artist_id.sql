-- The plays by artist_id.
CREATE TABLE lab_key_artist_id
DISTSTYLE KEY
DISTKEY (artist_id)
SORTKEY (start_time)
AS
SELECT songplay_id, start_time, user_id, session_id, song_id, artist_id
FROM songplays;
