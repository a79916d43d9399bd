-- Take each staged listener's level from the latest play, and the names from the latest event that gave them: staged
-- now, or earlier (then they stand in `users`). Of two at the same time the staged one may be a correction.
CREATE TEMP TABLE load_users
DISTSTYLE ALL
AS
WITH latest AS (
    SELECT user_id, level, start_time AS last_played
    FROM songplays AS p
    WHERE start_time IS NOT NULL AND user_id IN (SELECT user_id FROM load_songplays)
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY user_id
        ORDER BY start_time DESC, session_id DESC, item_in_session DESC
    ) = 1
),
given AS (
    SELECT e.user_id, e.first_name, e.last_name, e.gender, p.start_time AS given_at, 0 AS earlier
    FROM staging_events AS e
    JOIN load_songplays AS p
        ON p.user_id = e.user_id AND p.session_id = e.session_id AND p.item_in_session = e.item_in_session
    WHERE e.page = 'NextSong'
    UNION ALL
    SELECT user_id, first_name, last_name, gender, last_played, 1
    FROM users
    WHERE user_id IN (SELECT user_id FROM load_songplays)
),
names AS (
    SELECT user_id, first_name, last_name, gender
    FROM given AS g
    WHERE given_at IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY user_id
        ORDER BY given_at DESC, earlier, first_name, last_name, gender
    ) = 1
)
SELECT latest.user_id, names.first_name, names.last_name, names.gender, latest.level, latest.last_played
FROM latest
JOIN names ON names.user_id = latest.user_id;
