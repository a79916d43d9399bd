-- At which hours of the week do people listen?
SELECT t.weekday, t.hour, COUNT(*) AS plays
FROM songplays AS p
JOIN time AS t ON t.start_time = p.start_time
WHERE p.start_time >= :begin AND p.start_time < :end
GROUP BY t.weekday, t.hour
ORDER BY t.weekday, t.hour;
