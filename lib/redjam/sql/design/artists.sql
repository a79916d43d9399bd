-- The keys of artists, by which a join finds them.
SELECT artist_id
FROM artists;
