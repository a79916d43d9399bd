-- Choose each listener's latest play, among the staged ones and the one that `users` was made from.
CREATE TEMP TABLE load_users
DISTSTYLE ALL
AS
WITH plays AS (
    SELECT
        user_id,
        first_name,
        last_name,
        gender,
        level,
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' + ts % 1000 * INTERVAL '1 millisecond' AS last_played
    FROM staging_events
    WHERE page = 'NextSong' AND user_id IS NOT NULL
    UNION ALL
    SELECT user_id, first_name, last_name, gender, level, last_played
    FROM users
    WHERE user_id IN (SELECT user_id FROM staging_events)
)
SELECT user_id, first_name, last_name, gender, level, last_played
FROM plays AS p
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY user_id
    ORDER BY last_played DESC, level, first_name, last_name, gender
) = 1;
