-- Each listener's level is that of the latest play.
SELECT u.user_id, u.level, CAST(u.last_played AS VARCHAR) AS last_played, u.last_songplay_id
FROM checked_users AS t
JOIN users AS u ON u.user_id = t.user_id
LEFT JOIN songplays AS p
    ON p.songplay_id = u.last_songplay_id
    AND p.user_id = u.user_id
    AND p.start_time = u.last_played
    AND p.level = u.level
WHERE p.songplay_id IS NULL
UNION ALL
SELECT u.user_id, u.level, CAST(u.last_played AS VARCHAR), p.songplay_id
FROM touched_plays AS t
JOIN songplays AS p ON p.songplay_id = t.songplay_id
JOIN users AS u ON u.user_id = p.user_id
WHERE p.start_time > u.last_played;
