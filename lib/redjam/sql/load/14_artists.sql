-- Upsert the catalogue's artists.
MERGE INTO artists
USING load_artists
ON artists.artist_id = load_artists.artist_id
WHEN MATCHED THEN UPDATE SET
    name = load_artists.name,
    location = load_artists.location,
    latitude = load_artists.latitude,
    longitude = load_artists.longitude,
    is_inferred = FALSE
WHEN NOT MATCHED THEN INSERT (artist_id, name, location, latitude, longitude, is_inferred)
VALUES (
    load_artists.artist_id,
    load_artists.name,
    load_artists.location,
    load_artists.latitude,
    load_artists.longitude,
    FALSE
);
