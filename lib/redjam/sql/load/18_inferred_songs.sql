-- Upsert the songs that were played but are not in the catalogue; their artist may have come into it.
MERGE INTO songs
USING load_inferred_songs
ON songs.song_id = load_inferred_songs.song_id
WHEN MATCHED THEN UPDATE SET artist_id = load_inferred_songs.artist_id
WHEN NOT MATCHED THEN INSERT (song_id, title, artist_id, artist_name, is_inferred)
VALUES (
    load_inferred_songs.song_id,
    load_inferred_songs.title,
    load_inferred_songs.artist_id,
    load_inferred_songs.artist_name,
    TRUE
);
