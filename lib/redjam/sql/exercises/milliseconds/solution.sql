-- ts / 1000 divides whole numbers, and what is left over, ts % 1000, are the milliseconds: they are added again. No
-- decimal fraction is made on the way that could be rounded. Plays that do not begin on a full second: {lost} of
-- {plays}. DISTINCT, because a file that was delivered twice has its plays twice.
SELECT DISTINCT
    user_id,
    session_id,
    item_in_session,
    TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' + ts % 1000 * INTERVAL '1 millisecond' AS start_time
FROM staging_events
WHERE page = 'NextSong';
