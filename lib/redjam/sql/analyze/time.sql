-- Let the planner know how time has changed.
ANALYZE time;
