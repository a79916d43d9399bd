-- The figures that the explanations name.
WITH days AS (
    SELECT
        CAST(start_time AS DATE) AS utc,
        CAST(CONVERT_TIMEZONE('UTC', 'America/Los_Angeles', start_time) AS DATE) AS here,
        CAST(DATEADD(hour, -8, start_time) AS DATE) AS eight_hours_back
    FROM songplays
)
SELECT
    COUNT(*) AS plays,
    COUNT(CASE WHEN utc <> here THEN 1 END) AS moved,
    COUNT(CASE WHEN eight_hours_back <> here THEN 1 END) AS misplaced
FROM days;
