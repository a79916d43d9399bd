-- Find new events that COPY could load but that cannot be: a time before the year 2000 or in the future (seconds taken
-- for milliseconds, or the reverse), a play without its listener, its session, its place in that, or its level.
CREATE TEMP TABLE rejected_events AS
SELECT *
FROM (
    SELECT
        e.*,
        CASE
            WHEN ts < 946684800000 OR ts > DATEDIFF(ms, TIMESTAMP 'epoch', DATEADD(day, 1, GETDATE())) THEN 'ts'
            WHEN page <> 'NextSong' THEN NULL
            WHEN user_id IS NULL THEN 'user_id'
            WHEN session_id IS NULL THEN 'session_id'
            WHEN item_in_session IS NULL THEN 'item_in_session'
            WHEN level IS NULL THEN 'level'
        END AS column_name
    FROM staging_events AS e
    WHERE batch_id >= :first_batch
) AS judged
WHERE column_name IS NOT NULL;
