-- The keys of songs, by which a join finds them.
SELECT song_id
FROM songs;
