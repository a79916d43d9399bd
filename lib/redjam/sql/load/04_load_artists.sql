-- Choose one name and one place an artist among all that its songs give and those chosen before: the shortest
-- name (others add "feat. …"), the most complete place, then the first in the alphabet. What is chosen is the
-- least of a set, so it is the same whether the songs come at once, one by one, or in another order.
CREATE TEMP TABLE load_artists
DISTSTYLE ALL
AS
WITH credits AS (
    SELECT
        artist_id,
        RTRIM(artist_name, ' ') AS name,
        NULLIF(RTRIM(artist_location, ' '), '') AS location,
        artist_latitude AS latitude,
        artist_longitude AS longitude
    FROM staging_songs
    UNION
    SELECT artist_id, name, location, latitude, longitude
    FROM artists
    WHERE NOT is_inferred AND artist_id IN (SELECT artist_id FROM staging_songs)
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
