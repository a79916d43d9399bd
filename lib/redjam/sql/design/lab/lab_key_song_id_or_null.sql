-- The plays by song_id as a load without inferred songs leaves it: NULL where the catalogue lacks the song.
CREATE TABLE lab_key_song_id_or_null
DISTSTYLE KEY
DISTKEY (song_id)
SORTKEY (start_time)
AS
SELECT
    p.songplay_id,
    p.start_time,
    p.user_id,
    p.session_id,
    CASE WHEN NOT s.is_inferred THEN p.song_id END AS song_id,
    p.artist_id
FROM songplays AS p
JOIN songs AS s ON s.song_id = p.song_id;
