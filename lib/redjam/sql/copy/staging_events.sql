-- Load event logs; the jsonpaths file names their camelCase keys in the order of the columns. The manifest lists the
-- files: no others are read, and none may be missing.
COPY new_events (
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
    method, page, registration, session_id, song, status, ts, user_agent, user_id
)
FROM $manifest
IAM_ROLE $iam_role
REGION $region
MANIFEST
FORMAT AS JSON $log_json_path
MAXERROR $max_error
COMPUPDATE OFF;
