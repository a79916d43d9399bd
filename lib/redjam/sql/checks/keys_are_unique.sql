-- Each key stands once, though Redshift does not enforce those that are declared.

-- It trusts them when it plans a query: hence the expressions, about which it knows nothing.
SELECT 'songplays' AS in_table, k.songplay_id || '' AS key_value, COUNT(*) AS times
FROM songplays AS k JOIN touched_plays AS t ON t.songplay_id = k.songplay_id
GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'songs', k.song_id || '', COUNT(*)
FROM songs AS k JOIN checked_songs AS t ON t.song_id = k.song_id
GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'artists', k.artist_id || '', COUNT(*)
FROM artists AS k JOIN checked_artists AS t ON t.artist_id = k.artist_id
GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'users', CAST(k.user_id AS VARCHAR), COUNT(*)
FROM users AS k JOIN checked_users AS t ON t.user_id = k.user_id
GROUP BY 2 HAVING COUNT(*) > 1
UNION ALL
SELECT 'time', CAST(k.start_time AS VARCHAR), COUNT(*)
FROM time AS k JOIN checked_times AS t ON t.start_time = k.start_time
GROUP BY 2 HAVING COUNT(*) > 1;
