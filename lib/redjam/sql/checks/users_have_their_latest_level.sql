-- Each listener's level is that of the latest play.
SELECT u.user_id, u.level, u.last_played, latest.start_time AS latest_play
FROM users AS u
LEFT JOIN (SELECT user_id, MAX(start_time) AS start_time FROM songplays GROUP BY user_id) AS latest
    ON latest.user_id = u.user_id
LEFT JOIN songplays AS p
    ON p.user_id = u.user_id AND p.start_time = u.last_played AND COALESCE(p.level, '') = COALESCE(u.level, '')
WHERE p.songplay_id IS NULL OR latest.start_time <> u.last_played;
