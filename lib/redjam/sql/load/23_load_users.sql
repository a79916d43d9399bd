-- Take each touched listener's names and level from the latest play: of those loaded now, the latest so far, and if
-- that one is touched, of all.
CREATE TEMP TABLE load_users
DISTSTYLE ALL
AS
WITH so_far AS (
    SELECT u.last_songplay_id AS songplay_id
    FROM users AS u
    JOIN (SELECT DISTINCT user_id FROM load_plays) AS l ON l.user_id = u.user_id
),
candidates AS (
    SELECT user_id, songplay_id, start_time, session_id, item_in_session
    FROM load_plays
    UNION ALL
    SELECT p.user_id, p.songplay_id, p.start_time, p.session_id, p.item_in_session
    FROM so_far
    JOIN songplays AS p ON p.songplay_id = so_far.songplay_id
    UNION ALL
    SELECT p.user_id, p.songplay_id, p.start_time, p.session_id, p.item_in_session
    FROM moved_users AS m
    JOIN songplays AS p ON p.user_id = m.user_id
),
latest AS (
    SELECT *
    FROM candidates AS c
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY user_id
        ORDER BY start_time DESC, session_id DESC, item_in_session DESC
    ) = 1
)
SELECT
    l.user_id,
    e.first_name,
    e.last_name,
    e.gender,
    e.level,
    l.start_time AS last_played,
    l.songplay_id AS last_songplay_id
FROM latest AS l
JOIN staging_events AS e
    ON e.user_id = l.user_id AND e.session_id = l.session_id AND e.item_in_session = l.item_in_session
WHERE e.page = 'NextSong'
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY l.songplay_id
    ORDER BY e.ts, e.song, e.artist, e.level, e.length, e.location, e.user_agent, e.first_name, e.last_name, e.gender
) = 1;
