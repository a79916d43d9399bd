-- Let the planner know how songplays has changed.
ANALYZE songplays;
