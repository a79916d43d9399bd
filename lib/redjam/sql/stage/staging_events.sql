-- Keep the new events, with the number of their file: the first of this COPY, and the mark that compacted files have.
-- Trailing blanks of what is compared go, since Redshift ignores them when it compares; an empty level is none.
INSERT INTO staging_events (
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
    method, page, registration, session_id, song, status, ts, user_agent, user_id,
    batch_id
)
SELECT
    artist, auth, first_name, gender, item_in_session, last_name, length, NULLIF(RTRIM(level, ' '), ''), location,
    method, RTRIM(page, ' '), registration, session_id, song, status, ts, user_agent, user_id,
    CAST(:batch_id AS INTEGER) + COALESCE(batch_id, 0)
FROM new_events;
