-- Mart: plays and seconds listened of each artist on each day with plays, in UTC. With inner joins, COUNT and SUM alone
-- Redshift brings it up to date by what has changed since, also by DATE_TRUNC of a timestamp:
-- https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh-sql-command.html
CREATE MATERIALIZED VIEW plays_by_day_artist
DISTSTYLE EVEN
SORTKEY (day)
AS
SELECT
    DATE_TRUNC('day', p.start_time) AS day,
    p.artist_id,
    a.name AS artist,
    COUNT(*) AS plays,
    SUM(COALESCE(p.length, 0)) AS seconds
FROM songplays AS p
JOIN artists AS a ON a.artist_id = p.artist_id
GROUP BY DATE_TRUNC('day', p.start_time), p.artist_id, a.name;
