-- Drop the times at which, after a correction, no play starts any more.
DELETE FROM time
WHERE NOT EXISTS (SELECT 1 FROM songplays WHERE songplays.start_time = time.start_time);
