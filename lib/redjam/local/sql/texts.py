"""Redshift's functions of text and JSON documents, as SQL."""

_DIGIT = "strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit)"
_STRTOL = f"""CASE WHEN number IS NOT NULL THEN (
    SELECT coalesce(sum(power(base::numeric, length(digits) - place) * CASE WHEN {_DIGIT} BETWEEN 1 AND base
        THEN {_DIGIT} - 1 ELSE (digit || ' is no digit in base ' || base)::int END), 0)::bigint
        * CASE WHEN number ~ '^[[:space:]]*-' THEN -1 ELSE 1 END
    FROM (SELECT regexp_replace(lower(number), '^[[:space:]]*[+-]?' || CASE base WHEN 16 THEN '(0x)?' ELSE '' END, ''))
        AS rest (digits), string_to_table(digits, NULL) WITH ORDINALITY AS each_one (digit, place)) END"""
_FLAGS = "translate(parameters, 'ep', '')"
# The first byte that goes is that of a character; the further ones of a character begin with the bits 10.
_CUT = """CASE WHEN octet_length(s) <= bytes THEN s ELSE convert_from(substring(b FROM 1 FOR bytes - CASE
    WHEN get_byte(b, bytes) & 192 <> 128 THEN 0 WHEN get_byte(b, bytes - 1) & 192 <> 128 THEN 1
    WHEN get_byte(b, bytes - 2) & 192 <> 128 THEN 2 ELSE 3 END), 'UTF8') END
    FROM (SELECT convert_to(s, 'UTF8')) AS as_bytes (b)"""

# Name: its forms (arguments, type of the result, expression).
TEXTS = {
    "len": [("s text", "integer", "length(s)")],
    "charindex": [("part text, whole text", "integer", "strpos(whole, part)")],
    "concat": [("a text, b text", "text", "a || b")],
    "strtol": [("number text, base integer", "bigint", _STRTOL)],
    "sha2": [
        (
            "s text, bits integer",
            "text",
            """encode(CASE bits WHEN 224 THEN sha224(convert_to(s, 'UTF8')) WHEN 384 THEN sha384(convert_to(s, 'UTF8'))
            WHEN 512 THEN sha512(convert_to(s, 'UTF8')) WHEN 256 THEN sha256(convert_to(s, 'UTF8'))
            WHEN 0 THEN sha256(convert_to(s, 'UTF8')) ELSE convert_to(left(s, 0), 'UTF8') END, 'hex')""",
        )
    ],
    "regexp_replace": [
        (
            "s text, pattern text, replacement text DEFAULT '', place integer DEFAULT 1, parameters text DEFAULT 'c'",
            "text",
            f"pg_catalog.regexp_replace(s, pattern, replacement, greatest(place, 1), 0, {_FLAGS})",
        )
    ],
    # No match gives an empty string.
    "regexp_substr": [
        (
            "s text, pattern text, place integer DEFAULT 1, nth integer DEFAULT 1, parameters text DEFAULT 'c'",
            "text",
            f"""CASE WHEN s IS NOT NULL AND pattern IS NOT NULL AND nth >= 1 THEN coalesce(pg_catalog.regexp_substr(
            s, pattern, greatest(place, 1), nth, {_FLAGS}, CASE WHEN parameters ~ 'e' THEN 1 ELSE 0 END), '') END""",
        )
    ],
    "regexp_count": [
        (
            "s text, pattern text, place integer DEFAULT 1, parameters text DEFAULT 'c'",
            "integer",
            f"pg_catalog.regexp_count(s, pattern, greatest(place, 1), {_FLAGS})",
        )
    ],
    "regexp_instr": [
        (
            "s text, pattern text, place integer DEFAULT 1, nth integer DEFAULT 1, after integer DEFAULT 0, "
            "parameters text DEFAULT 'c'",
            "integer",
            f"""pg_catalog.regexp_instr(s, pattern, greatest(place, 1), nth, after, {_FLAGS},
            CASE WHEN parameters ~ 'e' THEN 1 ELSE 0 END)""",
        )
    ],
    "octetindex": [
        (
            "part text, whole text",
            "integer",
            "CASE strpos(whole, part) WHEN 0 THEN 0 ELSE octet_length(left(whole, strpos(whole, part) - 1)) + 1 END",
        )
    ],
    "replicate": [("s text, times integer", "text", "repeat(s, times)")],
    "crc32": [("s text", "text", "lpad(to_hex(crc32c(convert_to(s, 'UTF8'))), 8, '0')")],
    "cut": [("s text, bytes integer", "text", _CUT)],
    # https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
    "json_extract_path_text": [
        (
            "document text, null_if_invalid boolean, VARIADIC path text[]",
            "text",
            "(CASE WHEN document IS JSON OR NOT null_if_invalid THEN document END)::json #>> path",
        )
    ],
    "json_extract_array_element_text": [
        (
            "document text, place integer, null_if_invalid boolean DEFAULT false",
            "text",
            """(CASE WHEN document IS JSON OR NOT null_if_invalid THEN document END)::json
            ->> CASE WHEN place >= 0 THEN place END""",
        )
    ],
    "json_array_length": [
        (
            "document text, null_if_invalid boolean DEFAULT false",
            "integer",
            """pg_catalog.json_array_length(
            (CASE WHEN document IS JSON ARRAY OR NOT null_if_invalid THEN document END)::json)""",
        )
    ],
    "is_valid_json": [("document text", "boolean", "document IS JSON OBJECT")],
    "is_valid_json_array": [("document text", "boolean", "document IS JSON ARRAY")],
    "can_json_parse": [("document text", "boolean", "document IS JSON")],
}
