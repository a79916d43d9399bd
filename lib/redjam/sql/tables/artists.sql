-- Dimension: one row an artist. An inferred artist was played but is not in the catalogue.
CREATE TABLE IF NOT EXISTS artists (
    artist_id   VARCHAR(32) NOT NULL,
    name        VARCHAR(1024),
    location    VARCHAR(1024),
    latitude    DOUBLE PRECISION,
    longitude   DOUBLE PRECISION,
    is_inferred BOOLEAN NOT NULL,
    PRIMARY KEY (artist_id)
)
DISTSTYLE ALL;
