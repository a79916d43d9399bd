-- No play lacks its listener, session or place in the session.
SELECT songplay_id, start_time, user_id, session_id, item_in_session, level
FROM songplays
WHERE user_id IS NULL OR session_id IS NULL OR item_in_session IS NULL OR level IS NULL;
