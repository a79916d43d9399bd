-- Eight hours back is right in winter only: California is UTC-7 from March until the first Sunday of November. Plays on
-- a wrong day: {misplaced} of {plays}. Say which zone you mean, not how many hours, and the change of clocks is known.
SELECT CAST(DATEADD(hour, -8, start_time) AS DATE) AS day, COUNT(*) AS plays
FROM songplays
GROUP BY 1
ORDER BY 1;
