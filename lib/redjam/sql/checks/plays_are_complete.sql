-- Each staged event with page NextSong is a play, at its time to the millisecond and with its level.
SELECT c.user_id, c.session_id, c.item_in_session, c.ts, c.level
FROM checked_plays AS c
LEFT JOIN songplays AS p
    ON p.songplay_id = c.songplay_id
    AND p.level = c.level
    AND DATEDIFF(ms, TIMESTAMP 'epoch', p.start_time) = c.ts
WHERE c.times > 0 AND p.songplay_id IS NULL;
