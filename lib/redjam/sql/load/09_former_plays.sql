-- What the fact says of them so far.
CREATE TEMP TABLE former_plays
DISTKEY (songplay_id)
AS
SELECT p.songplay_id, p.start_time, p.user_id, p.song_id, p.artist_id
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id;
