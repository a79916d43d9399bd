-- A title alone is no song: many artists have one of the same name. Plays that meet several of them are multiplied, and
-- plays of songs that are not in the catalogue get another artist's.
SELECT COUNT(*) AS plays, COUNT(s.song_id) AS matched
FROM staging_events AS e
LEFT JOIN staging_songs AS s ON s.title = e.song
WHERE e.page = 'NextSong';
