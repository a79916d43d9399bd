-- Plays: {plays}; matched: {matched}. Pairs of title and artist that the catalogue has more than once, with different
-- ids: {twins}. So each pair is taken once before the join, and no play can meet two rows; LEFT JOIN keeps the plays
-- that meet none. The load does the same and chooses, among songs of one name, the one nearest in duration.
WITH catalogue AS (
    SELECT DISTINCT title, artist_name
    FROM staging_songs
)
SELECT COUNT(*) AS plays, COUNT(c.title) AS matched  -- COUNT(column) counts no NULL
FROM staging_events AS e
LEFT JOIN catalogue AS c ON c.title = e.song AND c.artist_name = e.artist
WHERE e.page = 'NextSong';
