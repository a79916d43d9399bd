-- Rows: {rows}; listeners: {listeners}. MAX(ts) looks at all pages, and only then the plays are kept: whoever did
-- something else after the last play, such as to log out, is gone ({left_otherwise} of them). Keep the plays first.
SELECT e.user_id, e.first_name, e.last_name, e.gender, e.level
FROM staging_events AS e
JOIN (
    SELECT user_id, MAX(ts) AS ts
    FROM staging_events
    GROUP BY user_id
) AS latest ON latest.user_id = e.user_id AND latest.ts = e.ts
WHERE e.page = 'NextSong';
