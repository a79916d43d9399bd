-- Mart: plays, listeners and sessions of each level (free, paid) on each day with plays, in UTC. Plays add up; listeners
-- and sessions do not: one who comes on two days, or at both levels of a day, is in two rows. Ask the fact for those of
-- a week. Because of COUNT(DISTINCT) Redshift makes it anew at each refresh:
-- https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh.html
CREATE MATERIALIZED VIEW plays_by_day_level
DISTSTYLE ALL
SORTKEY (day)
AS
SELECT
    DATE_TRUNC('day', start_time) AS day,
    level,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    COUNT(DISTINCT CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR)) AS sessions
FROM songplays
GROUP BY DATE_TRUNC('day', start_time), level;
