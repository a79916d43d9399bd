-- Where do people listen?
-- The place is that of the play: who listens in two places counts in both.
WITH listening AS (
    SELECT COALESCE(p.location, '(unknown)') AS place, p.user_id, COUNT(*) AS plays
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY 1, 2
)
SELECT place, CAST(SUM(plays) AS BIGINT) AS plays, COUNT(*) AS listeners
FROM listening
GROUP BY place
ORDER BY plays DESC, listeners DESC, place
LIMIT :top_n;
