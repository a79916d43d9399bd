-- ts counts milliseconds, and you have read them as seconds: the first play comes out in the year {year}.
-- Redshift takes that for a date like any other and says nothing; Python has no such year.
SELECT
    user_id,
    session_id,
    item_in_session,
    CAST(TIMESTAMP 'epoch' + ts * INTERVAL '1 second' AS VARCHAR) AS start_time
FROM staging_events
WHERE page = 'NextSong';
