-- Equal values hash to one slice, and so, by the same rule, do all NULLs; on a cluster check skew_rows in
-- svv_table_info. COUNT(*) counts them, COUNT(song_id) would not. Plays of songs that the catalogue lacks: {unknown} of
-- {plays}. With an id made from the names, as this star has it, the plays of the largest heap, which is that of one
-- song: {largest}.
WITH keys AS (
    SELECT CASE WHEN NOT s.is_inferred THEN p.song_id END AS song_id
    FROM songplays AS p
    JOIN songs AS s ON s.song_id = p.song_id
),
heaps AS (
    SELECT song_id, COUNT(*) AS plays
    FROM keys
    GROUP BY song_id
)
SELECT MAX(plays) AS plays
FROM heaps;
