-- What is right, asked in another way than by a join: EXISTS cannot multiply a play.
SELECT
    (SELECT COUNT(*) FROM staging_events WHERE page = 'NextSong') AS plays,
    (
        SELECT COUNT(*)
        FROM staging_events AS e
        WHERE e.page = 'NextSong'
            AND EXISTS (SELECT 1 FROM staging_songs AS s WHERE s.title = e.song AND s.artist_name = e.artist)
    ) AS matched;
