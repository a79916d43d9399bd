"""What a statement of Redshift needs beyond one of Postgres', as procedures for the schema of the stand-in's own."""

from redjam.local.sql.vocabulary import SCHEMA

# Postgres' error reads like Redshift's by the name of the constraint; a name has up to 63 bytes.
_WANTED = """
    SELECT a.attname, a.attnum, k.bytes, a.atttypmod < 0 AND t.typname <> 'bpchar' AS unlimited, CASE
        WHEN octet_length(a.attname || k.says || k.kind) <= 63 THEN a.attname || k.says || k.kind
        WHEN octet_length(a.attname || k.says || k.short) <= 63 THEN a.attname || k.says || k.short
        ELSE left(md5(a.attname), 20) || k.says || k.short END AS name
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid AND t.typname IN ('text', 'varchar', 'bpchar')
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 WHEN t.typname = 'bpchar' THEN 4096 ELSE 65535 END
    ) AS b (bytes)
    CROSS JOIN LATERAL (
        SELECT b.bytes, ': value too long for ',
            format('type character%s(%s)', CASE t.typname WHEN 'bpchar' THEN '' ELSE ' varying' END, b.bytes),
            format('%schar(%s)', CASE t.typname WHEN 'bpchar' THEN '' ELSE 'var' END, b.bytes)
    ) AS k (bytes, says, kind, short)
    WHERE a.attrelid = relation::regclass AND a.attnum > 0 AND NOT a.attisdropped"""
# A length is one in bytes: each column of characters gets a constraint for it, and one without a length the longest.
_LIMIT_BYTES = f"""
DECLARE
    changes text;
BEGIN
    WITH wanted AS ({_WANTED}), there AS (
        SELECT conname, conkey FROM pg_constraint WHERE conrelid = relation::regclass AND contype = 'c'
    )
    SELECT string_agg(change, ', ') INTO changes FROM (
        SELECT format('DROP CONSTRAINT %I', conname) FROM there
        WHERE NOT EXISTS (SELECT FROM wanted WHERE name = conname AND conkey = ARRAY[attnum])
        UNION ALL
        SELECT format('ALTER COLUMN %I TYPE varchar(65535)', attname) FROM wanted WHERE unlimited
        UNION ALL
        SELECT format('ADD CONSTRAINT %I CHECK (octet_length(%I) <= %s)', name, attname, bytes) FROM wanted
        WHERE NOT EXISTS (SELECT FROM there WHERE name = conname AND conkey = ARRAY[attnum])
    ) AS each_one (change);
    IF changes IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s %s', relation::regclass, changes);
    END IF;
END"""
# Whether one of the keys, of encodings and of constraints, names a column.
_NAMES_THE_COLUMN = """((key = 'primary key' AND value ? of_column)
    OR of_column = ANY (string_to_array(substring(key FROM '^(?:encode|unique|foreign key) (.*)$'), ', ')))"""
_WRITE_KEYS = """EXECUTE (
    SELECT format('COMMENT ON TYPE %I.%I IS %L', nspname, relname, keys)
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = relation::regclass
);"""
# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html; the COMMIT fails within a transaction block.
_ALTER_LENGTH = f"""
DECLARE
    keys jsonb := {SCHEMA}.table_keys(relation::regclass);
    a pg_attribute := a FROM pg_attribute AS a WHERE attrelid = relation::regclass AND attname = of_column;
    reason text := CASE
        WHEN a.attname IS NULL THEN format('column "%s" of relation "%s" does not exist', of_column, relation)
        WHEN a.atttypid <> 'varchar'::regtype
        THEN format('column "%s" is %s, and only VARCHAR changes its length', of_column, format_type(a.atttypid, NULL))
        WHEN a.atthasdef THEN format('cannot alter column "%s", which has a default value', of_column)
        WHEN keys ->> ('encode ' || of_column) IN ('bytedict', 'runlength', 'text255', 'text32k')
        THEN format('cannot alter column "%s" with the encoding %s', of_column, keys ->> ('encode ' || of_column))
        WHEN EXISTS (
            SELECT FROM jsonb_each(keys - ('encode ' || of_column)) AS each_one (key, value)
            WHERE {_NAMES_THE_COLUMN}
        ) THEN format('cannot alter column "%s" of a UNIQUE, PRIMARY KEY or FOREIGN KEY', of_column)
    END;
BEGIN
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION '%. Make a new table, and INSERT INTO it.', reason USING ERRCODE = 'feature_not_supported';
    END IF;
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE varchar(%s)', relation::regclass, of_column, bytes);
    CALL {SCHEMA}.limit_bytes(relation);
    CALL {SCHEMA}.index_keys(relation);
    COMMIT;
END"""
# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html; the COMMIT fails within a transaction block.
_APPEND = f"""
DECLARE
    columns text;
    other text;
BEGIN
    WITH of_each AS (
        SELECT attrelid = target::regclass AS in_target, attidentity = 'a' AS counted, attname,
            (attname, atttypid, atttypmod, attnotnull)::text AS attributes
        FROM pg_attribute
        WHERE attrelid IN (target::regclass, source::regclass) AND attnum > 0 AND NOT attisdropped
    )
    SELECT string_agg(quote_ident(t.attname), ', '), min(coalesce(t.attname, s.attname)) FILTER (
        WHERE t.attributes IS DISTINCT FROM s.attributes OR t.counted
    ) INTO columns, other
    FROM (SELECT * FROM of_each WHERE in_target) AS t
    FULL JOIN (SELECT * FROM of_each WHERE NOT in_target) AS s ON s.attname = t.attname;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND takes the same columns in both tables, none of them IDENTITY; %',
            format('"%s" differs. INSERT INTO ... SELECT, then TRUNCATE.', other)
            USING ERRCODE = 'feature_not_supported';
    ELSIF {SCHEMA}.table_keys(target::regclass) - 'primary key' <> {SCHEMA}.table_keys(source::regclass) - 'primary key'
    THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND takes tables of the same distribution, sort keys and encodings. %',
            'INSERT INTO ... SELECT, then TRUNCATE.' USING ERRCODE = 'feature_not_supported';
    END IF;
    EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM %3$s', target::regclass, columns, source::regclass);
    EXECUTE format('TRUNCATE %s', source::regclass);
    COMMIT;
END"""
# The keys go by the names of columns; a column that is the distribution or a sort key cannot be dropped.
_RENAME_KEY = f"""
DECLARE
    keys jsonb := {SCHEMA}.table_keys(relation::regclass);
BEGIN
    SELECT jsonb_object_agg(
        coalesce(k.kind || ' ' || (
            SELECT string_agg(CASE name WHEN old THEN new ELSE name END, ', ')
            FROM string_to_table(substr(key, length(k.kind) + 2), ', ') AS each_one (name)
        ), key),
        CASE WHEN key = 'distkey' AND value = to_jsonb(old) THEN to_jsonb(new)
            WHEN jsonb_typeof(value) = 'array' THEN (
                SELECT coalesce(jsonb_agg(CASE name WHEN old THEN new ELSE name END), '[]')
                FROM jsonb_array_elements_text(value) AS each_one (name)
            )
            ELSE value END
    ) INTO keys
    FROM jsonb_each(keys) AS each_one (key, value),
        LATERAL (SELECT substring(key FROM '^(encode|unique|foreign key) ')) AS k (kind);
    IF keys IS NOT NULL THEN
        {_WRITE_KEYS}
    END IF;
END"""
_DROP_KEYS = f"""
DECLARE
    keys jsonb := {SCHEMA}.table_keys(relation::regclass);
BEGIN
    IF keys ->> 'distkey' = of_column OR keys -> 'sortkey' ? of_column THEN
        RAISE EXCEPTION 'cannot drop column "%", which is the distribution key or a sort key. %', of_column,
            'First ALTER DISTSTYLE, or ALTER SORTKEY NONE.' USING ERRCODE = 'feature_not_supported';
    END IF;
    SELECT jsonb_object_agg(key, value) INTO keys FROM jsonb_each(keys) AS each_one (key, value)
    WHERE NOT coalesce({_NAMES_THE_COLUMN}, false);
    IF keys IS NOT NULL THEN
        {_WRITE_KEYS}
    END IF;
END"""
_MUST_HAVE = """
DECLARE
    missing text := min(name) FROM jsonb_array_elements_text(names) AS each_one (name) WHERE NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = relation::regclass AND attnum > 0 AND attname = name
    );
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" named in key does not exist', missing USING ERRCODE = 'undefined_column';
    END IF;
END"""
_MUST_NOT_BE_NULL = """
DECLARE
    nullable text := min(attname) FROM pg_attribute
        WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attnotnull AND names ? attname::text;
BEGIN
    IF nullable IS NOT NULL THEN
        RAISE EXCEPTION 'cannot add a primary key to the nullable column "%". %', nullable,
            'Make a new table where it is NOT NULL, and INSERT INTO it.' USING ERRCODE = 'feature_not_supported';
    END IF;
END"""
# What is neither a function of Redshift's nor a user's own is unknown.
_MUST_BE_KNOWN = f"""
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace
        WHERE proname = function AND nspname NOT IN ('pg_catalog', 'information_schema', '{SCHEMA}')
    ) THEN
        RAISE EXCEPTION 'Redshift has no function %. Its manual lists those that it has.', function
            USING ERRCODE = 'undefined_function';
    END IF;
END"""
_PROCEDURES = {
    "limit_bytes(relation text)": _LIMIT_BYTES,
    "alter_length(relation text, of_column text, bytes integer)": _ALTER_LENGTH,
    "append_from(target text, source text)": _APPEND,
    "rename_key(relation text, old text, new text)": _RENAME_KEY,
    "drop_keys(relation text, of_column text)": _DROP_KEYS,
    "must_have(relation text, names jsonb)": _MUST_HAVE,
    "must_not_be_null(relation text, names jsonb)": _MUST_NOT_BE_NULL,
    "must_be_known(function text)": _MUST_BE_KNOWN,
}
PROCEDURES = [
    f"CREATE OR REPLACE PROCEDURE {SCHEMA}.{name} LANGUAGE plpgsql AS $body$ {body.strip()} $body$"
    for name, body in _PROCEDURES.items()
]
