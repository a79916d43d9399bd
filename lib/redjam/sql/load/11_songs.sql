-- Upsert the catalogue's songs.
MERGE INTO songs
USING load_songs
ON songs.song_id = load_songs.song_id
WHEN MATCHED THEN UPDATE SET
    title = load_songs.title,
    artist_id = load_songs.artist_id,
    artist_name = load_songs.artist_name,
    year = load_songs.year,
    duration = load_songs.duration,
    is_inferred = FALSE
WHEN NOT MATCHED THEN INSERT (song_id, title, artist_id, artist_name, year, duration, is_inferred)
VALUES (
    load_songs.song_id,
    load_songs.title,
    load_songs.artist_id,
    load_songs.artist_name,
    load_songs.year,
    load_songs.duration,
    FALSE
);
