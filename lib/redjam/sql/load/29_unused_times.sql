-- Drop the times at which no play starts any more.
DELETE FROM time
WHERE start_time IN (SELECT start_time FROM former_plays)
    AND NOT EXISTS (SELECT 1 FROM songplays WHERE songplays.start_time = time.start_time);
