-- These are the days of UTC. In San Francisco it is 7 or 8 hours earlier: whoever listens there on Monday evening does
-- so on Tuesday in UTC. Plays that fall on another date there: {moved} of {plays}.
SELECT CAST(start_time AS DATE) AS day, COUNT(*) AS plays
FROM songplays
GROUP BY 1
ORDER BY 1;
