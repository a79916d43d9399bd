-- Staged plays with one key are the same play: the same time, song, artist and level.
SELECT user_id, session_id, item_in_session, COUNT(*) AS times
FROM (
    SELECT DISTINCT user_id, session_id, item_in_session, ts, song, artist, level
    FROM staging_events
    WHERE page = 'NextSong'
) AS plays
GROUP BY user_id, session_id, item_in_session
HAVING COUNT(*) > 1;
