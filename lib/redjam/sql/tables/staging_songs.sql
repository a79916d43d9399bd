-- The song catalogue of all loaded files, one file a song, and the file's number in load_files.
CREATE TABLE IF NOT EXISTS staging_songs (
    num_songs        INTEGER,
    artist_id        VARCHAR(32) NOT NULL,
    artist_latitude  DOUBLE PRECISION,
    artist_longitude DOUBLE PRECISION,
    artist_location  VARCHAR(1024),
    artist_name      VARCHAR(1024),
    song_id          VARCHAR(32) NOT NULL,
    title            VARCHAR(1024),
    duration         DOUBLE PRECISION,
    year             INTEGER,
    batch_id         INTEGER
)
DISTSTYLE KEY
DISTKEY (song_id)
SORTKEY (batch_id);
