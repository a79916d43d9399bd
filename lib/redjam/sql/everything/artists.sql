-- All artists, of the dimension, of the songs and of the plays.
CREATE TEMP TABLE checked_artists
DISTSTYLE ALL
AS
SELECT artist_id FROM artists
UNION
SELECT artist_id FROM songs
UNION
SELECT artist_id FROM songplays;
