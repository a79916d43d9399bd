-- No play lacks its time, its listener, its session, its place in the session or its level.
SELECT songplay_id, CAST(start_time AS VARCHAR) AS start_time, user_id, session_id, item_in_session, level
FROM songplays
WHERE songplays.start_time IS NULL
    OR user_id IS NULL
    OR session_id IS NULL
    OR item_in_session IS NULL
    OR level IS NULL;
