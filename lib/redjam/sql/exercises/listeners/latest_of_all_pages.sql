-- This is each user's latest event, of whatever page. Rows: {rows}; listeners: {listeners}. Who has played nothing is
-- no listener, and who went to another level after the last play has not played on it yet.
SELECT user_id, first_name, last_name, gender, level
FROM staging_events AS e
WHERE user_id IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC, session_id DESC, item_in_session DESC) = 1;
