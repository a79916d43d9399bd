-- These are only the plays of songs in the catalogue. The others, {unknown} of {plays}, would have NULL for a song_id,
-- and they, too, lie somewhere: by the rule that equal values hash to one slice, all of them together.
SELECT MAX(plays) AS plays
FROM (
    SELECT p.song_id, COUNT(*) AS plays
    FROM songplays AS p
    JOIN songs AS s ON s.song_id = p.song_id
    WHERE NOT s.is_inferred
    GROUP BY p.song_id
) AS heaps;
