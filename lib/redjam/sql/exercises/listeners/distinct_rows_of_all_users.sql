-- Rows: {rows}; listeners: {listeners}. DISTINCT compares whole rows, so whoever changed level stands there once with
-- each; and without page = 'NextSong' there are also people who have played nothing.
SELECT DISTINCT user_id, first_name, last_name, gender, level
FROM staging_events
WHERE user_id IS NOT NULL;
