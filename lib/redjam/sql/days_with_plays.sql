-- The first and the last play of all, and how many there are, of all and in the period.
SELECT
    MIN(start_time) AS first_play,
    MAX(start_time) AS last_play,
    COUNT(*) AS all_plays,
    COUNT(CASE WHEN start_time >= :begin AND start_time < :end THEN 1 END) AS plays
FROM songplays;
