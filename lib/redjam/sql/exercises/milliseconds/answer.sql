-- What is right: the load has written it to songplays.
SELECT user_id, session_id, item_in_session, start_time
FROM songplays;
