-- Let the planner know how staging_songs has changed.
ANALYZE staging_songs;
