-- Staged plays with one key are the same play: the same time, song, artist and level.
SELECT DISTINCT f.uri, e.user_id, e.session_id, e.item_in_session, e.ts, e.song, e.artist, e.level
FROM checked_plays AS c
JOIN staging_events AS e
    ON e.user_id = c.user_id AND e.session_id = c.session_id AND e.item_in_session = c.item_in_session
JOIN load_files AS f ON f.batch_id = e.batch_id
WHERE c.is_in_conflict AND e.page = 'NextSong'
ORDER BY e.user_id, e.session_id, e.item_in_session, f.uri, e.ts, e.song;
