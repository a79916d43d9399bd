-- The plays to compute anew: those of these files, and those by an artist's name that a touched song has or had.
CREATE TEMP TABLE touched_plays
DISTKEY (songplay_id)
AS
WITH names AS (
    SELECT artist_name FROM load_songs
    UNION
    SELECT songs.artist_name
    FROM songs
    JOIN touched_songs ON touched_songs.song_id = songs.song_id
)
SELECT songplay_id, user_id, session_id, item_in_session FROM touched_events
UNION
SELECT p.songplay_id, p.user_id, p.session_id, p.item_in_session
FROM names
JOIN songs ON songs.artist_name = names.artist_name
JOIN songplays AS p ON p.song_id = songs.song_id;
