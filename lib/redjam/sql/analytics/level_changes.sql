-- How many listeners went from free to paid, and how many back?
-- Compared are a listener's first and last play of the period; what lies between does not count.
WITH numbered AS (
    SELECT
        p.user_id,
        p.level,
        ROW_NUMBER() OVER (
            PARTITION BY p.user_id
            ORDER BY p.start_time, p.session_id, p.item_in_session
        ) AS number,
        COUNT(*) OVER (PARTITION BY p.user_id) AS last_number
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
),
changes AS (
    SELECT
        user_id,
        MIN(CASE WHEN number = 1 THEN level END) AS first_level,
        MIN(CASE WHEN number = last_number THEN level END) AS last_level
    FROM numbered
    GROUP BY user_id
)
SELECT first_level, last_level, COUNT(*) AS listeners
FROM changes
GROUP BY first_level, last_level
ORDER BY first_level, last_level;
