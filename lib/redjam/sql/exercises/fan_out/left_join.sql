-- No play is lost any more, but there are more than were played, which is {plays}. Pairs of title and artist that the
-- catalogue has more than once, with different ids: {twins}. A play of such a song comes out once for each: the join
-- fans out. Make the catalogue one row a pair before you join.
SELECT COUNT(*) AS plays, COUNT(s.song_id) AS matched
FROM staging_events AS e
LEFT JOIN staging_songs AS s ON s.title = e.song AND s.artist_name = e.artist
WHERE e.page = 'NextSong';
