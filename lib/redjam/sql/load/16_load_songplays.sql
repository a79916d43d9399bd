-- Give each play its song and artist: the catalogue's song of that title and artist name (among several the one
-- nearest in duration, then the lowest song_id), else ids made from the names, so that none is left without.
CREATE TEMP TABLE load_songplays
DISTKEY (songplay_id)
AS
WITH matches AS (
    SELECT p.songplay_id, s.song_id, s.artist_id
    FROM load_plays AS p
    JOIN songs AS s ON s.title = p.title AND s.artist_name = p.artist_name
    WHERE NOT s.is_inferred
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY p.songplay_id
        ORDER BY COALESCE(ABS(s.duration - p.length), 1000000), s.song_id
    ) = 1
),
catalogue AS (
    SELECT artist_name, MIN(artist_id) AS artist_id
    FROM songs
    WHERE NOT is_inferred
    GROUP BY artist_name
)
SELECT
    p.*,
    COALESCE(m.song_id, MD5(MD5(COALESCE(p.artist_name, '')) || MD5(COALESCE(p.title, '')))) AS song_id,
    COALESCE(m.artist_id, c.artist_id, MD5(COALESCE(p.artist_name, ''))) AS artist_id,
    m.song_id IS NULL AS is_inferred_song,
    m.artist_id IS NULL AND c.artist_id IS NULL AS is_inferred_artist
FROM load_plays AS p
LEFT JOIN matches AS m ON m.songplay_id = p.songplay_id
LEFT JOIN catalogue AS c ON c.artist_name = p.artist_name;
