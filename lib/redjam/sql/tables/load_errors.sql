-- Ledger: each row that a load rejected, and why; also of loads that failed. value is its column's, cut at 1,024 bytes.
CREATE TABLE IF NOT EXISTS load_errors (
    run_id      VARCHAR(32) NOT NULL,
    table_name  VARCHAR(64) NOT NULL,
    uri         VARCHAR(2048),
    line        BIGINT,
    column_name VARCHAR(128),
    value       VARCHAR(1024),
    code        INTEGER,
    reason      VARCHAR(1024)
)
SORTKEY (run_id);
