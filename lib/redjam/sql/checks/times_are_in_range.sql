-- No play lies before the year 2000 or in the future, as seconds taken for milliseconds would.
SELECT p.songplay_id, CAST(p.start_time AS VARCHAR) AS start_time
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id
WHERE p.start_time < TIMESTAMP '2000-01-01' OR p.start_time > DATEADD(day, 1, GETDATE());
