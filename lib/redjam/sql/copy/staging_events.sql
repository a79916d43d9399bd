-- Load the event logs; the jsonpaths file names their camelCase keys in the order of the columns.
COPY staging_events
FROM $log_data
IAM_ROLE $iam_role
REGION $region
FORMAT AS JSON $log_json_path
COMPUPDATE OFF;
