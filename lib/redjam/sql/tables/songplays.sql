-- Fact: one row a play, by its natural key (user_id, session_id, item_in_session); start_time is in UTC.
-- songplay_id is that key's MD5, the same after every reload. length, in seconds, tells versions of a song apart.
CREATE TABLE IF NOT EXISTS songplays (
    songplay_id     VARCHAR(32) NOT NULL,
    start_time      TIMESTAMP,
    user_id         INTEGER,
    level           VARCHAR(16),
    song_id         VARCHAR(32) NOT NULL,
    artist_id       VARCHAR(32) NOT NULL,
    session_id      BIGINT,
    item_in_session INTEGER,
    location        VARCHAR(1024),
    user_agent      VARCHAR(1024),
    length          DOUBLE PRECISION,
    PRIMARY KEY (songplay_id),
    FOREIGN KEY (start_time) REFERENCES time (start_time),
    FOREIGN KEY (user_id) REFERENCES users (user_id),
    FOREIGN KEY (song_id) REFERENCES songs (song_id),
    FOREIGN KEY (artist_id) REFERENCES artists (artist_id)
)
DISTSTYLE KEY
DISTKEY (song_id)
SORTKEY (start_time);
