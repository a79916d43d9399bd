-- The zones are the wrong way round: CONVERT_TIMEZONE takes the zone that the time is in, then the one that you want.
-- You have read UTC as if it were San Francisco's time, and gone 7 or 8 hours on instead of back.
SELECT CAST(CONVERT_TIMEZONE('America/Los_Angeles', 'UTC', start_time) AS DATE) AS day, COUNT(*) AS plays
FROM songplays
GROUP BY 1
ORDER BY 1;
