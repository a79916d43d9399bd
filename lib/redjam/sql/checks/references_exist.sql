-- Each id of a play is in its dimension, and each song's artist in `artists`: Redshift does not enforce it.
SELECT 'songplays.song_id' AS reference, p.song_id AS missing
FROM (
    SELECT t.song_id
    FROM checked_songs AS t
    LEFT JOIN songs AS s ON s.song_id = t.song_id
    WHERE s.song_id IS NULL
) AS gone
JOIN songplays AS p ON p.song_id = gone.song_id
UNION ALL
SELECT 'songplays.artist_id', p.artist_id
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id
LEFT JOIN artists AS a ON a.artist_id = p.artist_id
WHERE a.artist_id IS NULL
UNION ALL
SELECT 'songplays.user_id', CAST(p.user_id AS VARCHAR)
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id
LEFT JOIN users AS u ON u.user_id = p.user_id
WHERE u.user_id IS NULL
UNION ALL
SELECT 'songplays.start_time', CAST(p.start_time AS VARCHAR)
FROM (
    SELECT t.start_time
    FROM checked_times AS t
    LEFT JOIN time AS d ON d.start_time = t.start_time
    WHERE d.start_time IS NULL
) AS gone
JOIN songplays AS p ON p.start_time = gone.start_time
UNION ALL
SELECT 'songs.artist_id', s.artist_id
FROM (
    SELECT t.artist_id
    FROM checked_artists AS t
    LEFT JOIN artists AS a ON a.artist_id = t.artist_id
    WHERE a.artist_id IS NULL
) AS gone
JOIN songs AS s ON s.artist_id = gone.artist_id;
