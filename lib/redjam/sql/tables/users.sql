-- Dimension: one row a listener, with the names and the level of the latest play.
-- last_songplay_id says which play that is, so that an older file which comes later changes nothing.
CREATE TABLE IF NOT EXISTS users (
    user_id          INTEGER NOT NULL,
    first_name       VARCHAR(256),
    last_name        VARCHAR(256),
    gender           VARCHAR(16),
    level            VARCHAR(16),
    last_played      TIMESTAMP NOT NULL,
    last_songplay_id VARCHAR(32) NOT NULL,
    PRIMARY KEY (user_id)
)
DISTSTYLE ALL;
