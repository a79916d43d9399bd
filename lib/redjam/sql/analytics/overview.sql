-- How much was listened to, by how many, and when?
-- A song is a title and an artist's name, as in most_played_songs: recordings that share both count once.
WITH sessions AS (
    SELECT
        p.user_id,
        p.session_id,
        MIN(p.start_time) AS first_play,
        MAX(p.start_time) AS last_play,
        COUNT(*) AS plays,
        SUM(p.length) AS seconds
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY p.user_id, p.session_id
),
played AS (
    SELECT DISTINCT p.song_id, p.artist_id
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
),
listening AS (
    SELECT
        MIN(first_play) AS first_play,
        MAX(last_play) AS last_play,
        CAST(COALESCE(SUM(plays), 0) AS BIGINT) AS plays,
        COUNT(DISTINCT user_id) AS listeners,
        COUNT(*) AS sessions,
        COALESCE(SUM(seconds), 0) / 3600 AS hours
    FROM sessions
),
titles AS (
    SELECT DISTINCT s.title, s.artist_name
    FROM played AS d
    JOIN songs AS s ON s.song_id = d.song_id
),
music AS (
    SELECT COUNT(*) AS songs
    FROM titles
),
musicians AS (
    SELECT COUNT(DISTINCT COALESCE(a.name, '(unknown)')) AS artists
    FROM played AS d
    JOIN artists AS a ON a.artist_id = d.artist_id
)
SELECT l.first_play, l.last_play, l.plays, l.listeners, l.sessions, m.songs, n.artists, l.hours
FROM listening AS l
CROSS JOIN music AS m
CROSS JOIN musicians AS n;
