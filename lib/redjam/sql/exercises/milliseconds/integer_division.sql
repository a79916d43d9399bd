-- The milliseconds are gone. Plays that had some: {lost} of {plays}. ts and 1000 are whole numbers, and so is ts /
-- 1000, with the rest cut off. Two plays within a second now begin at the same time, and which of them came last is
-- left to chance.
SELECT
    user_id,
    session_id,
    item_in_session,
    TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' AS start_time
FROM staging_events
WHERE page = 'NextSong';
