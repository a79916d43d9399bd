-- Load the song catalogue; its keys are the names of the columns. Empty text is none, so that no song has an empty id.
COPY new_songs (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location,
    artist_name, song_id, title, duration, year
)
FROM $manifest
IAM_ROLE $iam_role
REGION $region
MANIFEST
FORMAT AS JSON 'auto'
EMPTYASNULL
BLANKSASNULL
MAXERROR $max_error
COMPUPDATE OFF;
