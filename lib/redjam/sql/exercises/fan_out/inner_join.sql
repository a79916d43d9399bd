-- Of all plays ({plays}) only those are left that found a song in the catalogue, so that both columns are the same: an
-- INNER JOIN drops whatever it does not match. A chart of such plays is one of the catalogue, not of what people hear.
SELECT COUNT(*) AS plays, COUNT(s.song_id) AS matched
FROM staging_events AS e
JOIN staging_songs AS s ON s.title = e.song AND s.artist_name = e.artist
WHERE e.page = 'NextSong';
