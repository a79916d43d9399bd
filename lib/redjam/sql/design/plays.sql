-- The plays by what may become their distribution key, in the order in which a load leaves them where no SORTKEY puts
-- them in order: load by load, and those of one load by songplay_id, since it takes each play once by a window that
-- sorts by that. known_song_id is what a load without inferred songs has: nothing where the catalogue lacks the song.
-- Of more than :at_most plays these are an even sample, because songplay_id is an MD5.
WITH chosen AS (
    SELECT songplay_id, start_time, user_id, session_id, item_in_session, song_id, artist_id
    FROM songplays
    ORDER BY songplay_id
    LIMIT :at_most
),
loads AS (
    SELECT run_id, MIN(batch_id) AS first_batch
    FROM load_files
    GROUP BY run_id
),
arrivals AS (
    SELECT e.user_id, e.session_id, e.item_in_session, MAX(l.first_batch) AS load
    FROM staging_events AS e
    JOIN load_files AS f ON f.batch_id = e.batch_id
    JOIN loads AS l ON l.run_id = f.run_id
    WHERE e.page = 'NextSong'
    GROUP BY e.user_id, e.session_id, e.item_in_session
)
SELECT
    c.start_time,
    c.user_id,
    c.session_id,
    c.song_id,
    CASE WHEN NOT s.is_inferred THEN c.song_id END AS known_song_id,
    c.artist_id
FROM chosen AS c
JOIN songs AS s ON s.song_id = c.song_id
LEFT JOIN arrivals AS a
    ON a.user_id = c.user_id AND a.session_id = c.session_id AND a.item_in_session = c.item_in_session
ORDER BY a.load, c.songplay_id;
