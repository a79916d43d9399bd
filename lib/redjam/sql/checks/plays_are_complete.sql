-- Each staged event with page NextSong is a play, at its time to the millisecond and with its level.
-- (Events that lack a part of the key, or the time, are plays_are_known's matter.)
SELECT e.user_id, e.session_id, e.item_in_session, e.ts, e.song, e.artist
FROM staging_events AS e
LEFT JOIN songplays AS p
    ON p.user_id = e.user_id AND p.session_id = e.session_id AND p.item_in_session = e.item_in_session
    AND COALESCE(p.level, '') = COALESCE(e.level, '')
    AND DATEDIFF(ms, TIMESTAMP 'epoch', p.start_time) = e.ts
WHERE e.page = 'NextSong'
    AND e.user_id + e.session_id + e.item_in_session + e.ts IS NOT NULL
    AND p.songplay_id IS NULL;
