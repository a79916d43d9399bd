-- Choose one name and one place an artist among all that its songs give: the shortest name (others add "feat. …"),
-- the most complete place, then the first in the alphabet.
CREATE TEMP TABLE load_artists
DISTSTYLE ALL
AS
WITH credits AS (
    SELECT DISTINCT
        s.artist_id,
        RTRIM(s.artist_name, ' ') AS name,
        NULLIF(RTRIM(s.artist_location, ' '), '') AS location,
        s.artist_latitude AS latitude,
        s.artist_longitude AS longitude
    FROM touched_artists AS t
    JOIN staging_songs AS s ON s.artist_id = t.artist_id
),
names AS (
    SELECT artist_id, name
    FROM credits AS c
    QUALIFY ROW_NUMBER() OVER (PARTITION BY artist_id ORDER BY LEN(name), name) = 1
),
places AS (
    SELECT artist_id, location, latitude, longitude
    FROM credits AS c
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY artist_id
        ORDER BY
            CASE WHEN location IS NULL THEN 1 ELSE 0 END + CASE WHEN latitude IS NULL THEN 1 ELSE 0 END,
            location,
            latitude,
            longitude
    ) = 1
)
SELECT names.artist_id, names.name, places.location, places.latitude, places.longitude
FROM names
JOIN places ON places.artist_id = names.artist_id;
