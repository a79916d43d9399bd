-- The plays in turn: a row a slice.
CREATE TABLE lab_even
DISTSTYLE EVEN
SORTKEY (start_time)
AS
SELECT songplay_id, start_time, user_id, session_id, song_id, artist_id
FROM songplays;
