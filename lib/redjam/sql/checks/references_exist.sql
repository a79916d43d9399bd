-- Each id of a play is in its dimension, and each song's artist in `artists`: Redshift does not enforce it.
SELECT 'songplays.song_id' AS reference, p.song_id AS missing
FROM songplays AS p LEFT JOIN songs AS s ON s.song_id = p.song_id WHERE s.song_id IS NULL
UNION ALL
SELECT 'songplays.artist_id', p.artist_id
FROM songplays AS p LEFT JOIN artists AS a ON a.artist_id = p.artist_id WHERE a.artist_id IS NULL
UNION ALL
SELECT 'songplays.user_id', CAST(p.user_id AS VARCHAR)
FROM songplays AS p LEFT JOIN users AS u ON u.user_id = p.user_id WHERE u.user_id IS NULL
UNION ALL
SELECT 'songplays.start_time', CAST(p.start_time AS VARCHAR)
FROM songplays AS p LEFT JOIN time AS t ON t.start_time = p.start_time WHERE t.start_time IS NULL
UNION ALL
SELECT 'songs.artist_id', s.artist_id
FROM songs AS s LEFT JOIN artists AS a ON a.artist_id = s.artist_id WHERE a.artist_id IS NULL;
