-- Every artist's name, as the questions of analytics write it.
SELECT DISTINCT COALESCE(name, '(unknown)') AS artist
FROM artists
ORDER BY artist;
