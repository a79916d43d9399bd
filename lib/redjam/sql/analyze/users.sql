-- Let the planner know how users has changed.
ANALYZE users;
