-- The songs that the checks look at: those that this load touched.
CREATE TEMP TABLE checked_songs
DISTKEY (song_id)
AS
SELECT song_id FROM touched_songs
UNION
SELECT song_id FROM former_plays
UNION
SELECT song_id FROM load_songplays;
