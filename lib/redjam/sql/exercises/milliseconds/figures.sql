-- The figures that the explanations name.
SELECT
    COUNT(*) AS plays,
    COUNT(CASE WHEN ts % 1000 <> 0 THEN 1 END) AS lost,
    CAST(EXTRACT(YEAR FROM TIMESTAMP 'epoch' + MIN(ts) * INTERVAL '1 second') AS VARCHAR) AS year
FROM staging_events
WHERE page = 'NextSong';
