-- Each staged event with page NextSong is a play, at its time to the millisecond and with its level.
-- (Events that lack a part of the key are plays_are_known's matter.)
SELECT e.user_id, e.session_id, e.item_in_session, e.ts, e.song, e.artist
FROM staging_events AS e
LEFT JOIN songplays AS p
    ON p.user_id = e.user_id AND p.session_id = e.session_id AND p.item_in_session = e.item_in_session
    AND COALESCE(p.level, '') = COALESCE(e.level, '')
    AND p.start_time
        = TIMESTAMP 'epoch' + e.ts / 1000 * INTERVAL '1 second' + e.ts % 1000 * INTERVAL '1 millisecond'
WHERE e.page = 'NextSong'
    AND e.user_id + e.session_id + e.item_in_session IS NOT NULL
    AND p.songplay_id IS NULL;
