-- All songs, of the catalogue's files, of the dimension and of the plays.
CREATE TEMP TABLE checked_songs
DISTKEY (song_id)
AS
SELECT song_id FROM staging_songs
UNION
SELECT song_id FROM songs
UNION
SELECT song_id FROM songplays;
