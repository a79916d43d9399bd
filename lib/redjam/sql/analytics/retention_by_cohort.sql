-- How many listeners come back in the weeks after their first?
-- A cohort are those with their first play of the period in the same week. The last week may be cut short.
WITH RECURSIVE weeks (week, last_week) AS (
    SELECT DATE_TRUNC('week', MIN(p.start_time)), DATE_TRUNC('week', MAX(p.start_time))
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    UNION ALL
    SELECT DATEADD(week, 1, week), last_week
    FROM weeks
    WHERE week < last_week
),
listened AS (
    SELECT DISTINCT p.user_id, DATE_TRUNC('week', p.start_time) AS week
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
),
members AS (
    SELECT user_id, MIN(week) AS cohort
    FROM listened
    GROUP BY user_id
),
cohorts AS (
    SELECT cohort, COUNT(*) AS cohort_size
    FROM members
    GROUP BY cohort
),
returned AS (
    SELECT m.cohort, l.week, COUNT(*) AS listeners
    FROM members AS m
    JOIN listened AS l ON l.user_id = m.user_id
    GROUP BY m.cohort, l.week
)
SELECT
    c.cohort,
    DATEDIFF(week, c.cohort, w.week) AS weeks_later,
    COALESCE(r.listeners, 0) AS listeners,
    c.cohort_size,
    CAST(COALESCE(r.listeners, 0) AS DOUBLE PRECISION) / c.cohort_size AS share
FROM cohorts AS c
JOIN weeks AS w ON w.week >= c.cohort
LEFT JOIN returned AS r ON r.cohort = c.cohort AND r.week = w.week
ORDER BY c.cohort, weeks_later;
