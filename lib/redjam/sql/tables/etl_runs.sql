-- Ledger: what was run, only ever added to. A run has a row when it begins (step etl, state running), and when it ends
-- one for each step and one for the whole (step etl, state done or failed). Times are in UTC.
CREATE TABLE IF NOT EXISTS etl_runs (
    run_id     VARCHAR(32) NOT NULL,
    step       VARCHAR(64) NOT NULL,
    parameters VARCHAR(256),
    sql_hash   VARCHAR(16),
    started_at TIMESTAMP NOT NULL,
    ended_at   TIMESTAMP,
    state      VARCHAR(16) NOT NULL,
    rows_in    BIGINT,
    rows_out   BIGINT,
    owner      VARCHAR(256),
    session    INTEGER,
    message    VARCHAR(4096)
)
SORTKEY (run_id);
