-- The rows that a COPY rejected, with how many there are; it lacks the values, but every user may read it, anywhere.
SELECT
    RTRIM(file_name),
    line_number,
    RTRIM(column_name),
    RTRIM(column_type),
    RTRIM(column_length),
    NULL,
    error_code,
    RTRIM(error_message),
    COUNT(*) OVER ()
FROM sys_load_error_detail
WHERE query_id = :query
ORDER BY file_name, line_number
LIMIT :shown;
