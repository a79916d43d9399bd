-- How often do free listeners play a song before they pay?
-- Of those whose first play of the period is free: the plays and the days before their first paid one.
WITH numbered AS (
    SELECT
        p.user_id,
        p.level,
        p.start_time,
        ROW_NUMBER() OVER (
            PARTITION BY p.user_id
            ORDER BY p.start_time, p.session_id, p.item_in_session
        ) AS number
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
),
upgrades AS (
    SELECT
        user_id,
        MIN(start_time) AS first_play,
        MIN(CASE WHEN level = 'paid' THEN start_time END) AS first_paid_play,
        MIN(CASE WHEN level = 'paid' THEN number END) AS paid_number
    FROM numbered
    GROUP BY user_id
)
SELECT
    user_id,
    paid_number - 1 AS plays_before,
    CAST(DATEDIFF(second, first_play, first_paid_play) AS DOUBLE PRECISION) / 86400 AS days_before
FROM upgrades
WHERE paid_number > 1
ORDER BY plays_before, days_before, user_id;
