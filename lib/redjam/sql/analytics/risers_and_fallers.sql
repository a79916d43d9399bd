-- Which artists gained most in the second half of the period, and which lost most?
-- Compared are shares of all plays of each half, so that a busier half makes nobody rise; without plays they are 0.
WITH halves AS (
    SELECT DATEADD(second, DATEDIFF(second, :begin, :end) / 2, :begin) AS middle
),
counted AS (
    SELECT
        p.artist_id,
        COUNT(CASE WHEN p.start_time < h.middle THEN 1 END) AS plays_before,
        COUNT(CASE WHEN p.start_time >= h.middle THEN 1 END) AS plays_after
    FROM songplays AS p
    CROSS JOIN halves AS h
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY p.artist_id
),
named AS (
    SELECT
        COALESCE(a.name, '(unknown)') AS artist,
        CAST(SUM(c.plays_before) AS BIGINT) AS plays_before,
        CAST(SUM(c.plays_after) AS BIGINT) AS plays_after
    FROM counted AS c
    JOIN artists AS a ON a.artist_id = c.artist_id
    GROUP BY 1
),
totals AS (
    SELECT SUM(plays_before) AS all_before, SUM(plays_after) AS all_after
    FROM named
),
shares AS (
    SELECT
        n.artist,
        n.plays_before,
        n.plays_after,
        COALESCE(CAST(n.plays_before AS DOUBLE PRECISION) / NULLIF(t.all_before, 0), 0) AS share_before,
        COALESCE(CAST(n.plays_after AS DOUBLE PRECISION) / NULLIF(t.all_after, 0), 0) AS share_after
    FROM named AS n
    CROSS JOIN totals AS t
),
changes AS (
    SELECT artist, plays_before, plays_after, share_before, share_after, 100 * (share_after - share_before) AS change
    FROM shares
    WHERE share_after <> share_before
    ORDER BY ABS(share_after - share_before) DESC, artist
    LIMIT :top_n
)
SELECT artist, plays_before, plays_after, share_before, share_after, change
FROM changes
ORDER BY change DESC, artist;
