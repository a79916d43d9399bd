-- This is the largest heap of the star as it is, where a song that the catalogue lacks has an id made from its names.
-- The question is what it would be if the plays of such songs, {unknown} of {plays}, had NULL instead.
SELECT MAX(plays) AS plays
FROM (SELECT song_id, COUNT(*) AS plays FROM songplays GROUP BY song_id) AS heaps;
