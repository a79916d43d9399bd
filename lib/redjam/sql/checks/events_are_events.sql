-- Each staged event has a page and a time. (If none has: do LOG_DATA and LOG_JSON_PATH name the logs and their paths?)
SELECT page, ts, user_id, session_id, artist, song
FROM staging_events
WHERE page IS NULL OR ts IS NULL;
