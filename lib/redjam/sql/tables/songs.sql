-- Dimension: one row a song. An inferred song was played but is not in the catalogue.
-- artist_name is the name as credited on the song: plays are matched by it after staging is gone.
CREATE TABLE IF NOT EXISTS songs (
    song_id     VARCHAR(32) NOT NULL,
    title       VARCHAR(1024),
    artist_id   VARCHAR(32) NOT NULL,
    artist_name VARCHAR(1024),
    year        INTEGER,
    duration    DOUBLE PRECISION,
    is_inferred BOOLEAN NOT NULL,
    PRIMARY KEY (song_id)
)
DISTSTYLE KEY
DISTKEY (song_id)
SORTKEY (artist_name, title);
