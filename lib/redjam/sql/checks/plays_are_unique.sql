-- Each (user_id, session_id, item_in_session) is one play.
SELECT user_id, session_id, item_in_session, COUNT(*) AS times
FROM songplays
GROUP BY user_id, session_id, item_in_session
HAVING COUNT(*) > 1;
