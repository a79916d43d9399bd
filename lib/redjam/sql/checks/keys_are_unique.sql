-- Each key stands once: Redshift declares primary keys but does not enforce them. It trusts them, though, when it
-- plans a query: hence the expressions, about which it knows nothing.
SELECT 'songplays' AS in_table, songplay_id || '' AS key_value, COUNT(*) AS times
FROM songplays GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'songs', song_id || '', COUNT(*) FROM songs GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'artists', artist_id || '', COUNT(*) FROM artists GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'users', CAST(user_id AS VARCHAR), COUNT(*) FROM users GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'time', CAST(start_time AS VARCHAR), COUNT(*) FROM time GROUP BY 2 HAVING COUNT(*) > 1;
