-- Let the planner know how staging_events has changed.
ANALYZE staging_events;
