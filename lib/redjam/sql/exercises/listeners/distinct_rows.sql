-- Rows: {rows}; listeners: {listeners}. DISTINCT compares whole rows, so whoever changed level ({changed} of them)
-- stands there once with each. A join to such a table counts their plays twice. Which level is the one to keep?
SELECT DISTINCT user_id, first_name, last_name, gender, level
FROM staging_events
WHERE page = 'NextSong';
