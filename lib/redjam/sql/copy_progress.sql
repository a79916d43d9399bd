-- How far the COPY that a session is running has come: what it has to read, what it has read, and its rows so far.
SELECT
    COALESCE(source_file_bytes, 0) AS bytes,
    COALESCE(file_bytes_scanned, 0) AS bytes_read,
    COALESCE(source_file_count, 0) AS files,
    COALESCE(file_count_scanned, 0) AS files_read,
    COALESCE(loaded_rows, 0) AS rows_loaded
FROM sys_load_history
WHERE session_id = :session AND status = 'running'
ORDER BY query_id DESC
LIMIT 1;
