-- Take each song of the staged catalogue once. A song delivered twice with other content is decided by the
-- content, whatever the order of the files. Trailing blanks go: Redshift ignores them when it compares.
CREATE TEMP TABLE load_songs
DISTKEY (song_id)
AS
SELECT
    song_id,
    RTRIM(title, ' ') AS title,
    artist_id,
    RTRIM(artist_name, ' ') AS artist_name,
    NULLIF(year, 0) AS year,
    duration
FROM staging_songs AS s
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY song_id
    ORDER BY title, artist_id, artist_name, year, duration
) = 1;
