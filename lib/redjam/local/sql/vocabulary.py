"""Which functions Redshift has, by the lists of its manual; what is in none of them is not called.

https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html and the pages that it names;
https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html for what it lacks of Postgres'.
"""

# The schema of the stand-in's own functions and views.
SCHEMA = "redshift_catalog"


def words(text: str) -> set[str]:
    """The words of a text."""
    return set(text.split())


# They do on Postgres what they do on Redshift, or `functions` has one of that name that does.
AGGREGATES = words("""
    any_value avg bit_and bit_or bool_and bool_or count listagg max median min percentile_cont percentile_disc
    stddev stddev_pop stddev_samp sum var_pop var_samp variance""")
WINDOW_FUNCTIONS = words("""
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank ratio_to_report
    row_number""")
SCALARS = words("""
    abs acos add_months ascii asin atan atan2 btrim can_json_parse cbrt ceil ceiling char_length character_length
    charindex chr coalesce concat convert_timezone cos cot crc32 date text
    current_database current_setting date_add date_cmp
    date_cmp_timestamp date_cmp_timestamptz date_diff date_part date_part_year date_trunc dateadd datediff degrees
    dexp dlog1 dlog10 exp extract floor getdate greatest grouping initcap interval_cmp is_valid_json
    is_valid_json_array json_array_length json_extract_array_element_text json_extract_path_text last_day least
    left len length ln lower lpad ltrim md5 mod months_between next_day nullif nvl nvl2 octet_length octetindex
    pg_backend_pid pg_cancel_backend pg_last_copy_count pg_last_copy_id pg_terminate_backend pi position pow power
    quote_ident quote_literal radians random regexp_count regexp_instr regexp_replace regexp_substr repeat replace
    replicate reverse right round rpad rtrim set_config sha2 sign sin split_part sqrt strpos strtol substring
    sysdate tan textlen timeofday timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp
    timestamptz_cmp_date timestamptz_cmp_timestamp timezone to_char to_date to_hex to_number to_timestamp translate
    trim trunc upper version""")
# They run where the statement has no table of a user's, and are then Postgres' own.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
LEADER_ONLY = {
    **dict.fromkeys(("now", "current_timestamp", "localtimestamp"), "Write GETDATE() or SYSDATE."),
    **dict.fromkeys(("current_time", "localtime"), "Write GETDATE()::TIME."),
    "age": "Write DATEDIFF(day, a, b), or another unit.",
    "substr": "Write SUBSTRING.",
    "log": "Write DLOG10(x).",
    **dict.fromkeys(
        ("current_schema", "current_schemas", "factorial", "isfinite", "to_ascii", "get_byte", "set_bit", "set_byte"),
        "Call it in a statement without a table.",
    ),
    **dict.fromkeys(
        ("has_database_privilege", "has_schema_privilege", "has_table_privilege"),
        "Call it in a statement without a table of your own.",
    ),
}
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_compute_node_only.html
COMPUTE_ONLY = {"listagg", "median", "percentile_cont", "percentile_disc"}
KNOWN = AGGREGATES | WINDOW_FUNCTIONS | SCALARS | set(LEADER_ONLY)

# Redshift has them, the stand-in not; each with what to write meanwhile.
_SUPER = "Keep the document in VARCHAR(65535) and read it with JSON_EXTRACT_PATH_TEXT."
_HASH = "Write MD5 or SHA2."
OTHER = "Ask for it on AWS."
LACKING = {
    **dict.fromkeys(
        words("""
        array array_concat array_contains array_distinct array_except array_flatten array_intersection
        array_position array_positions array_sort array_union decimal_precision decimal_scale explode
        get_array_length get_number_attributes is_array is_bigint is_boolean is_char is_decimal is_float is_integer
        is_object is_scalar is_smallint is_varchar json_parse json_serialize json_serialize_to_varbyte json_size
        json_typeof lower_attribute_names object object_transform size split_to_array subarray
        upper_attribute_names"""),
        _SUPER,
    ),
    **dict.fromkeys(
        words("""
        checksum farmfingerprint64 fnv_hash func_sha1 murmur3_32_hash sha sha1"""),
        _HASH,
    ),
    **dict.fromkeys(["hll", "hll_create_sketch", "hll_cardinality", "hll_combine"], "Write COUNT(DISTINCT x)."),
    "try_cast": "Write CASE WHEN x ~ '^[0-9]+$' THEN x::INTEGER END, say.",
    "text_to_int_alt": "Write a CAST.",
    "text_to_numeric_alt": "Write a CAST.",
    **dict.fromkeys(
        words("""
        bpcharcmp bttext_pattern_cmp change_query_priority change_session_priority change_user_priority collate
        current_aws_account current_namespace current_user_id db_collation difference explain_model from_hex
        from_varbyte getbit has_assumerole_privilege pg_get_cols pg_get_grantee_by_iam_role pg_get_iam_role_by_user
        pg_get_late_binding_view_cols pg_last_query_id pg_last_unload_count pg_last_unload_id slice_num soundex
        to_varbyte"""),
        OTHER,
    ),
}
LACKING_PREFIXES = ("st_", "h3_")

# How many arguments Redshift takes where Postgres takes other numbers too.
ARGUMENTS = {
    "lag": (1, 2, "Redshift's LAG takes no default. Write NVL(LAG(...) OVER (...), default)."),
    "lead": (1, 2, "Redshift's LEAD takes no default. Write NVL(LEAD(...) OVER (...), default)."),
    "log": (1, 1, "Redshift's LOG takes no base. Write LN(x) / LN(base)."),
    "random": (0, 0, "Redshift's RANDOM takes no limits. Write CAST(RANDOM() * n AS INTEGER)."),
    "to_timestamp": (
        2,
        3,
        "Redshift's TO_TIMESTAMP takes a text and a format. Write TIMESTAMP 'epoch' + n * INTERVAL '1 second'.",
    ),
}
# Those that Redshift lacks though Postgres, or another house, has them.
_ARRAY = "Write one row a value, or LISTAGG and SPLIT_PART."
_LISTAGG = "Write LISTAGG(x, ',') WITHIN GROUP (ORDER BY ...)."
_SEQUENCE = "Give the column IDENTITY(1, 1)."
_UUID = "For an id made from the data write MD5(...)."
_REGEXP = "Write REGEXP_SUBSTR, or REGEXP_COUNT."
_GETDATE = "Write GETDATE()."
INSTEAD = {
    **dict.fromkeys(
        words("""
        json_agg jsonb_agg json_object_agg json_build_object jsonb_build_object to_json to_jsonb row_to_json
        json_array_elements jsonb_array_elements json_each jsonb_each jsonb_extract_path_text json_value json_query"""),
        _SUPER,
    ),
    "generate_series": "Count with WITH RECURSIVE, or with ROW_NUMBER() over a long table.",
    **dict.fromkeys(("string_agg", "array_agg", "group_concat"), _LISTAGG),
    **dict.fromkeys(("unnest", "string_to_array", "array_to_string", "array_length", "cardinality"), _ARRAY),
    **dict.fromkeys(("string_to_table", "regexp_split_to_table", "regexp_split_to_array"), "Write SPLIT_PART."),
    **dict.fromkeys(("gen_random_uuid", "uuid_generate_v4", "uuidv4", "uuidv7"), _UUID),
    **dict.fromkeys(("nextval", "currval", "setval", "lastval"), _SEQUENCE),
    **dict.fromkeys(("regexp_matches", "regexp_match", "regexp_like"), _REGEXP),
    **dict.fromkeys(("clock_timestamp", "statement_timestamp"), _GETDATE),
    "transaction_timestamp": "Write SYSDATE.",
    "pg_sleep": "Wait in the client.",
    **dict.fromkeys(("pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock"), "LOCK the table."),
    "format": "Join the parts with ||.",
    "concat_ws": "Join the parts with ||.",
    "overlay": "Join what stands before and after with ||.",
    "every": "Write BOOL_AND.",
    **dict.fromkeys(("corr", "covar_pop", "covar_samp", "regr_slope"), "Write it out with SUM, AVG and STDDEV."),
    "mode": "Count with GROUP BY, and take the first by QUALIFY ROW_NUMBER().",
    "width_bucket": "Write FLOOR((x - least) / width), or CASE.",
    "div": "Write TRUNC(a / b).",
    "date_bin": "Write DATE_TRUNC, or DATEADD of a FLOOR.",
    **dict.fromkeys(("make_date", "make_timestamp", "datefromparts"), "Write TO_DATE(text, format)."),
    **dict.fromkeys(("make_interval", "justify_days", "justify_hours", "justify_interval"), "Write DATEADD."),
    **dict.fromkeys(("isnull", "ifnull"), "Write NVL."),
    **dict.fromkeys(("iff", "iif", "if"), "Write CASE WHEN ... THEN ... ELSE ... END."),
    "starts_with": "Write LIKE 'x%'.",
    "bit_length": "Write OCTET_LENGTH(x) * 8.",
    "encode": "Write TO_HEX, or MD5.",
    "to_tsvector": "Write LIKE, or REGEXP_COUNT.",
    "pg_typeof": "Look at pg_table_def.",
    "row": "Name the columns one by one.",
    "safe_divide": "Write a / NULLIF(b, 0).",
    "strftime": "Write TO_CHAR.",
    "date_format": "Write TO_CHAR.",
    "day": "Write DATE_PART(day, x).",
    "month": "Write DATE_PART(month, x).",
    "year": "Write DATE_PART(year, x).",
}
