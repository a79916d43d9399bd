-- Ledger: one row a file, as it was last loaded. version is S3's ETag, or the modification time of a file of this
-- machine; rows_read is what COPY found, rows_rejected what it or a rule left out; batch_id marks the rows in staging.
CREATE TABLE IF NOT EXISTS load_files (
    table_name    VARCHAR(64) NOT NULL,
    uri           VARCHAR(2048) NOT NULL,
    size          BIGINT NOT NULL,
    version       VARCHAR(128) NOT NULL,
    rows_read     BIGINT NOT NULL,
    rows_loaded   BIGINT NOT NULL,
    rows_rejected BIGINT NOT NULL,
    batch_id      INTEGER NOT NULL,
    run_id        VARCHAR(32) NOT NULL,
    loaded_at     TIMESTAMP NOT NULL
)
SORTKEY (batch_id);
