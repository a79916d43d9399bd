-- The figures that the explanations name.
SELECT
    SUM(h.plays) AS plays,
    MAX(h.plays) AS largest,
    SUM(CASE WHEN s.is_inferred THEN h.plays ELSE 0 END) AS unknown
FROM (
    SELECT song_id, COUNT(*) AS plays
    FROM songplays
    GROUP BY song_id
) AS h
JOIN songs AS s ON s.song_id = h.song_id;
