-- The newest COPY of a session of which sys_load_error_detail has a rejected row.
SELECT MAX(query_id) FROM sys_load_error_detail WHERE session_id = :session;
