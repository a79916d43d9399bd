-- Keep the new songs, marked by the COPY that brought them. Trailing blanks of ids go, since Redshift ignores them when
-- it compares.
INSERT INTO staging_songs (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location,
    artist_name, song_id, title, duration, year,
    batch_id
)
SELECT
    num_songs, RTRIM(artist_id, ' '), artist_latitude, artist_longitude, artist_location,
    artist_name, RTRIM(song_id, ' '), title, duration, year,
    CAST(:batch_id AS INTEGER)
FROM new_songs;
