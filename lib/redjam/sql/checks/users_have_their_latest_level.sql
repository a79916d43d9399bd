-- Each listener's level is that of the latest play.
SELECT u.user_id, u.level, u.last_played, p.start_time AS latest_play, p.level AS latest_level
FROM users AS u
JOIN (
    SELECT user_id, start_time, level
    FROM songplays AS s
    QUALIFY RANK() OVER (PARTITION BY user_id ORDER BY start_time DESC) = 1
) AS p ON p.user_id = u.user_id
WHERE u.last_played <> p.start_time
    OR NOT EXISTS (
        SELECT 1 FROM songplays AS same
        WHERE same.user_id = u.user_id AND same.start_time = u.last_played AND same.level = u.level
    );
