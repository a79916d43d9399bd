-- The plays that found a song are now counted right, each once. But of all plays ({plays}) only those are left: an
-- INNER JOIN drops whatever it does not match.
SELECT COUNT(*) AS plays, COUNT(s.title) AS matched
FROM staging_events AS e
JOIN (SELECT DISTINCT title, artist_name FROM staging_songs) AS s ON s.title = e.song AND s.artist_name = e.artist
WHERE e.page = 'NextSong';
