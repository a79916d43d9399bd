-- Each play is a staged event: what its file no longer has is gone.
SELECT p.songplay_id, p.user_id, p.session_id, p.item_in_session
FROM checked_plays AS c
JOIN songplays AS p ON p.songplay_id = c.songplay_id
WHERE c.times = 0;
