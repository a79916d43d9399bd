-- The figures that the explanations name.
WITH plays AS (
    SELECT user_id, COUNT(DISTINCT level) AS levels, MAX(ts) AS last_play
    FROM staging_events
    WHERE page = 'NextSong'
    GROUP BY user_id
),
events AS (
    SELECT user_id, MAX(ts) AS last_event
    FROM staging_events
    GROUP BY user_id
)
SELECT
    COUNT(*) AS listeners,
    COUNT(CASE WHEN p.levels > 1 THEN 1 END) AS changed,
    COUNT(CASE WHEN e.last_event > p.last_play THEN 1 END) AS left_otherwise
FROM plays AS p
JOIN events AS e ON e.user_id = p.user_id;
