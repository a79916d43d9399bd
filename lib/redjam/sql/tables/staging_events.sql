-- The events of all loaded files: 18 columns in the order of the jsonpaths file, and the file's number in load_files.
-- An event without page or time is none: COPY rejects it.
CREATE TABLE IF NOT EXISTS staging_events (
    artist          VARCHAR(1024),
    auth            VARCHAR(32),
    first_name      VARCHAR(256),
    gender          VARCHAR(16),
    item_in_session INTEGER,
    last_name       VARCHAR(256),
    length          DOUBLE PRECISION,
    level           VARCHAR(16),
    location        VARCHAR(1024),
    method          VARCHAR(16),
    page            VARCHAR(64) NOT NULL,
    registration    BIGINT,
    session_id      BIGINT,
    song            VARCHAR(1024),
    status          INTEGER,
    ts              BIGINT NOT NULL,
    user_agent      VARCHAR(1024),
    user_id         INTEGER,
    batch_id        INTEGER
)
DISTSTYLE KEY
DISTKEY (session_id)
SORTKEY (batch_id);
