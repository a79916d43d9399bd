-- How the tables lie on the slices (skew_rows: the fullest to the emptiest), and how far sorting and statistics are out
-- of date, in percent: unsorted rows call for VACUUM, stats_off for ANALYZE. It has no line for an empty table.
SELECT
    "table",
    diststyle,
    sortkey1,
    tbl_rows,
    skew_rows,
    unsorted,
    stats_off
FROM svv_table_info
WHERE "schema" = 'public'
ORDER BY "table";
