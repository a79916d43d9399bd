-- What staging has of each play that the checks look at: how often it is there, and whether always the same.
CREATE TEMP TABLE checked_plays
DISTKEY (songplay_id)
AS
SELECT
    t.songplay_id,
    t.user_id,
    t.session_id,
    t.item_in_session,
    COUNT(e.ts) AS times,
    MIN(e.ts) AS ts,
    MIN(e.level) AS level,
    MIN(e.ts) <> MAX(e.ts)
        OR MIN(e.level) <> MAX(e.level)
        OR MIN(COALESCE(e.song, '')) <> MAX(COALESCE(e.song, ''))
        OR MIN(COALESCE(e.artist, '')) <> MAX(COALESCE(e.artist, '')) AS is_in_conflict
FROM touched_plays AS t
LEFT JOIN staging_events AS e
    ON e.user_id = t.user_id
    AND e.session_id = t.session_id
    AND e.item_in_session = t.item_in_session
    AND e.page = 'NextSong'
GROUP BY t.songplay_id, t.user_id, t.session_id, t.item_in_session;
