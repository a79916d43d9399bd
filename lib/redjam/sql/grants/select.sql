-- Let analyst read the star and its marts. Not staging, which has all that a listener did, pages and errors and songs, and
-- when he registered; nor the ledger, whose load_errors quotes values of rejected rows.
GRANT SELECT ON
    songplays, songs, artists, users, time, plays_by_day_artist, plays_by_day_level, plays_by_weekday_hour
    TO analyst;
