-- The rows of all files that are loaded.
SELECT COALESCE(SUM(rows_loaded), 0) AS total FROM load_files;
