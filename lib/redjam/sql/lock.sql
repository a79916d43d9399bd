-- One load at a time: neither Redshift nor the stand-in enforces a key, so two loads at once would each add the
-- same rows, and each one's checks would see only its own. The second waits until the first has committed.
LOCK staging_events, staging_songs;
