-- The star keeps UTC, and a question says whose day it means. CONVERT_TIMEZONE knows from the zone's name when clocks
-- change; the day is cut off after that. Plays that fall on another date than in UTC: {moved} of {plays}.
SELECT
    CAST(CONVERT_TIMEZONE('UTC', 'America/Los_Angeles', start_time) AS DATE) AS day,
    COUNT(*) AS plays
FROM songplays
GROUP BY 1
ORDER BY 1;
