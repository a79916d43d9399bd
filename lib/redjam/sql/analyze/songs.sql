-- Let the planner know how songs has changed.
ANALYZE songs;
