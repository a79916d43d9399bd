-- Take each touched song of the catalogue once. A song delivered twice with other content is decided by the content,
-- whatever the order of the files. Trailing blanks go: Redshift ignores them when it compares.
CREATE TEMP TABLE load_songs
DISTKEY (song_id)
AS
SELECT
    s.song_id,
    RTRIM(s.title, ' ') AS title,
    s.artist_id,
    RTRIM(s.artist_name, ' ') AS artist_name,
    NULLIF(s.year, 0) AS year,
    s.duration
FROM touched_songs AS t
JOIN staging_songs AS s ON s.song_id = t.song_id
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY s.song_id
    ORDER BY s.title, s.artist_id, s.artist_name, s.year, s.duration
) = 1;
