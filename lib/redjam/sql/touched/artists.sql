-- The artists that the checks look at: those that this load touched.
CREATE TEMP TABLE checked_artists
DISTSTYLE ALL
AS
SELECT artist_id FROM touched_artists
UNION
SELECT artist_id FROM former_plays
UNION
SELECT artist_id FROM load_songplays;
