-- Take each song that was played but is not in the catalogue once. No name and an empty name are one song.
CREATE TEMP TABLE load_inferred_songs
DISTKEY (song_id)
AS
SELECT song_id, MAX(title) AS title, MAX(artist_id) AS artist_id, MAX(artist_name) AS artist_name
FROM load_songplays
WHERE is_inferred_song
GROUP BY song_id;
