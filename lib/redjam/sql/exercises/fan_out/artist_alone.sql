-- An artist alone is no song: each play is joined to all songs that the catalogue has of the artist, none of which need
-- be the one that was played.
SELECT COUNT(*) AS plays, COUNT(s.song_id) AS matched
FROM staging_events AS e
LEFT JOIN staging_songs AS s ON s.artist_name = e.artist
WHERE e.page = 'NextSong';
