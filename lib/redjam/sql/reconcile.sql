-- What was read and what stands in the warehouse, so that every event is accounted for.
SELECT 1 AS line, 'events read' AS measure, COUNT(*) AS amount FROM staging_events
UNION ALL SELECT 2, 'of them plays (page NextSong)', COUNT(*) FROM staging_events WHERE page = 'NextSong'
UNION ALL SELECT 3, 'of them other pages', COUNT(*) FROM staging_events WHERE page <> 'NextSong' OR page IS NULL
UNION ALL SELECT 4, 'songs read', COUNT(*) FROM staging_songs
UNION ALL SELECT 5, 'songplays', COUNT(*) FROM songplays
UNION ALL SELECT 6, 'of them of a song in the catalogue', COUNT(*)
    FROM songplays AS p JOIN songs AS s ON s.song_id = p.song_id WHERE NOT s.is_inferred
UNION ALL SELECT 7, 'of them of an inferred song', COUNT(*)
    FROM songplays AS p JOIN songs AS s ON s.song_id = p.song_id WHERE s.is_inferred
UNION ALL SELECT 8, 'songs in the catalogue', COUNT(*) FROM songs WHERE NOT is_inferred
UNION ALL SELECT 9, 'songs inferred', COUNT(*) FROM songs WHERE is_inferred
UNION ALL SELECT 10, 'artists in the catalogue', COUNT(*) FROM artists WHERE NOT is_inferred
UNION ALL SELECT 11, 'artists inferred', COUNT(*) FROM artists WHERE is_inferred
UNION ALL SELECT 12, 'users', COUNT(*) FROM users
UNION ALL SELECT 13, 'time', COUNT(*) FROM time
ORDER BY line;
