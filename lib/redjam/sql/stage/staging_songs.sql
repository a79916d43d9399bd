-- Keep the new songs, with the number of their file: the first of this COPY, and the mark that compacted files have.
-- Trailing blanks of ids go, since Redshift ignores them when it compares.
INSERT INTO staging_songs (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location,
    artist_name, song_id, title, duration, year,
    batch_id
)
SELECT
    num_songs, RTRIM(artist_id, ' '), artist_latitude, artist_longitude, artist_location,
    artist_name, RTRIM(song_id, ' '), title, duration, year,
    CAST(:batch_id AS INTEGER) + COALESCE(batch_id, 0)
FROM new_songs;
