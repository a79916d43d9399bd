-- No play lacks its time, its level, or a part of its key, of which its id is made.
SELECT p.songplay_id, CAST(p.start_time AS VARCHAR) AS start_time, p.user_id, p.session_id, p.item_in_session, p.level
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id
WHERE p.start_time IS NULL
    OR p.level IS NULL
    OR COALESCE(
        MD5(
            CAST(p.user_id AS VARCHAR) || '-' || CAST(p.session_id AS VARCHAR) || '-'
            || CAST(p.item_in_session AS VARCHAR)
        ),
        ''
    ) <> p.songplay_id;
