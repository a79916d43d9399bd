-- How much do people listen on the free level, and how much on the paid one, day by day?
-- The level is that of the play, as it was then: who changes it on a day counts in both.
WITH listening AS (
    SELECT DATE_TRUNC('day', p.start_time) AS day, p.level, p.user_id, COUNT(*) AS plays
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY 1, 2, 3
)
SELECT day, level, CAST(SUM(plays) AS BIGINT) AS plays, COUNT(*) AS listeners
FROM listening
GROUP BY day, level
ORDER BY day, level;
