-- Rows: {rows}; listeners: {listeners}. DISTINCT compares whole rows, so whoever changed level stands there once with
-- each. And without page = 'NextSong' there are people who have played nothing, and those who are not logged in, who
-- have no user_id at all.
SELECT DISTINCT user_id, first_name, last_name, gender, level
FROM staging_events;
