-- The names are right, but there is a row for each play, {rows} in all, where each name is asked for once.
SELECT artist
FROM staging_events
WHERE page = 'NextSong' AND OCTET_LENGTH(artist) > 100;
