-- The files of this load by their numbers, and those that they had before: the rows of the latter are replaced. Two
-- files may have names that differ in a trailing blank, which Redshift would not see.
CREATE TEMP TABLE load_batches
DISTSTYLE ALL
AS
SELECT DISTINCT l.batch_id, l.batch_id >= :first_batch AS is_new
FROM load_files AS l
JOIN load_files AS n ON n.uri || '|' = l.uri || '|' AND n.table_name = l.table_name
WHERE n.batch_id >= :first_batch;
