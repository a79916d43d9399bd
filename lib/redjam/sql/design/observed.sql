-- How the lab's tables lie on the slices: skew_rows is the fullest slice to the emptiest, size the blocks of 1 MB.
SELECT
    "table",
    diststyle,
    sortkey1,
    tbl_rows,
    size,
    skew_rows
FROM svv_table_info
WHERE "schema" = 'public' AND LEFT("table", 4) = 'lab_';
