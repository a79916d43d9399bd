-- What is right, with the other spelling that Redshift has for it.
SELECT CAST(start_time AT TIME ZONE 'UTC' AT TIME ZONE 'America/Los_Angeles' AS DATE) AS day, COUNT(*) AS plays
FROM songplays
GROUP BY 1;
