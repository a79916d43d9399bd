-- Each key stands once: Redshift declares primary keys but does not enforce them.
SELECT 'songplays' AS in_table, songplay_id AS key, COUNT(*) AS times FROM songplays GROUP BY songplay_id HAVING COUNT(*) > 1
UNION ALL
SELECT 'songs', song_id, COUNT(*) FROM songs GROUP BY song_id HAVING COUNT(*) > 1
UNION ALL
SELECT 'artists', artist_id, COUNT(*) FROM artists GROUP BY artist_id HAVING COUNT(*) > 1
UNION ALL
SELECT 'users', CAST(user_id AS VARCHAR), COUNT(*) FROM users GROUP BY user_id HAVING COUNT(*) > 1
UNION ALL
SELECT 'time', CAST(start_time AS VARCHAR), COUNT(*) FROM time GROUP BY start_time HAVING COUNT(*) > 1;
