-- The newest COPY of a session of which stl_load_errors has a rejected row.
SELECT MAX(query) FROM stl_load_errors WHERE session = :session;
