-- No play lies before the year 2000 or in the future: seconds taken for milliseconds, or the reverse, would.
SELECT songplay_id, CAST(start_time AS VARCHAR) AS start_time
FROM songplays
WHERE songplays.start_time < TIMESTAMP '2000-01-01' OR songplays.start_time > DATEADD(day, 1, GETDATE());
