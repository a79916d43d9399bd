-- Let the planner know how artists has changed.
ANALYZE artists;
