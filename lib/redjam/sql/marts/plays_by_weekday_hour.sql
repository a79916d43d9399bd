-- Mart: plays of each hour of the week, in UTC; weekday counts from 0, a Sunday. Weekday and hour come from the
-- dimension: DATE_PART of a timestamp would keep Redshift from bringing it up to date by what has changed since.
-- https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh-sql-command.html
CREATE MATERIALIZED VIEW plays_by_weekday_hour
DISTSTYLE ALL
SORTKEY (weekday, hour)
AS
SELECT t.weekday, t.hour, COUNT(*) AS plays
FROM songplays AS p
JOIN time AS t ON t.start_time = p.start_time
GROUP BY t.weekday, t.hour;
