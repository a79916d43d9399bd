-- The figures that the explanations name.
SELECT
    (SELECT COUNT(*) FROM staging_events WHERE page = 'NextSong') AS plays,
    (
        SELECT COUNT(*)
        FROM staging_events AS e
        JOIN (SELECT DISTINCT title, artist_name FROM staging_songs) AS s
            ON s.title = e.song AND s.artist_name = e.artist
        WHERE e.page = 'NextSong'
    ) AS matched,
    (
        SELECT COUNT(*)
        FROM (
            SELECT title, artist_name
            FROM staging_songs
            GROUP BY title, artist_name
            HAVING COUNT(*) > 1
        ) AS twins
    ) AS twins;
