-- The materialized views that lack changes of their tables; a user who is no superuser sees his own alone.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_MV_INFO.html
SELECT TRIM(name) AS name
FROM svv_mv_info
WHERE schema_name = 'public' AND is_stale = 't';
