-- The figures that the explanations name: plays of names that do not fit, and the longest name.
SELECT
    COUNT(CASE WHEN OCTET_LENGTH(artist) > 100 THEN 1 END) AS plays,
    MAX(OCTET_LENGTH(artist)) AS bytes,
    MAX(LEN(artist)) AS characters
FROM staging_events
WHERE page = 'NextSong';
