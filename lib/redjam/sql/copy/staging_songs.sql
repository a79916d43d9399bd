-- Load the song catalogue; its keys are the names of the columns.
COPY staging_songs
FROM $song_data
IAM_ROLE $iam_role
REGION $region
FORMAT AS JSON 'auto'
COMPUPDATE OFF;
