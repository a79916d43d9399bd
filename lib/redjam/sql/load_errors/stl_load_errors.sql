-- The rows that a COPY rejected, with how many there are. This table alone has the values; Serverless denies it.
SELECT
    RTRIM(filename),
    line_number,
    RTRIM(colname),
    RTRIM(type),
    RTRIM(col_length),
    RTRIM(CASE WHEN colname = '' THEN raw_line ELSE raw_field_value END),
    err_code,
    RTRIM(err_reason),
    COUNT(*) OVER ()
FROM stl_load_errors
WHERE query = :query
ORDER BY filename, line_number
LIMIT :shown;
