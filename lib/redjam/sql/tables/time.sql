-- Dimension: one row a start time of a play, in UTC. week is the ISO week; weekday counts from 0, a Sunday.
CREATE TABLE IF NOT EXISTS time (
    start_time TIMESTAMP NOT NULL,
    hour       INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    week       INTEGER NOT NULL,
    month      INTEGER NOT NULL,
    year       INTEGER NOT NULL,
    weekday    INTEGER NOT NULL,
    PRIMARY KEY (start_time)
)
SORTKEY (start_time);
