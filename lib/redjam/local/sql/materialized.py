"""Materialized views: which are stale, and a REFRESH that does nothing where nothing has changed.

Postgres does not know whether a view lacks changes of its tables. Here each table that one reads has a trigger, which
leaves a mark beside the view in the transaction that changes the table, and a refresh takes the marks away. What
REFRESH does is Postgres' own: it makes the whole view anew, whatever Redshift could do.
"""

from redjam.local.sql.vocabulary import SCHEMA

# A mark a transaction, and not one in all: who adds it cannot see a refresh that is just taking another one away.
TABLES = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.stale_views (view oid, changed_by xid8)"""

_READ_BY = """FROM pg_rewrite AS r
    JOIN pg_depend AS d
        ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'm' AND v.oid <> d.refobjid"""
# Nobody else writes marks. The path keeps a user's temporary tables from standing in for the catalog's.
_WITH_ALL_RIGHTS = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
PROCEDURES = [
    f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.mark_stale(relation oid) LANGUAGE sql AS $body$
    INSERT INTO {SCHEMA}.stale_views (view, changed_by)
    SELECT DISTINCT v.oid, pg_current_xact_id() {_READ_BY}
    WHERE d.refobjid = relation
    EXCEPT SELECT view, changed_by FROM {SCHEMA}.stale_views WHERE changed_by = pg_current_xact_id()
$body$""",
    f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.table_changed() RETURNS trigger LANGUAGE plpgsql {_WITH_ALL_RIGHTS} AS $body$
BEGIN
    CALL {SCHEMA}.mark_stale(TG_RELID);
    RETURN NULL;
END $body$""",
    # https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html: Limitations
    f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.watch_view(relation text) LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    made oid := relation::regclass;
    base record;
BEGIN
    FOR base IN
        SELECT DISTINCT c.oid::regclass AS name, c.relkind AS kind {_READ_BY}
        JOIN pg_class AS c ON c.oid = d.refobjid
        WHERE v.oid = made
    LOOP
        IF base.kind = 'v' THEN
            RAISE feature_not_supported USING
                MESSAGE = format('A materialized view cannot read a view, such as %s. Write its query out.', base.name);
        END IF;
        IF base.kind = 'r' AND NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = base.name AND tgfoid = '{SCHEMA}.table_changed'::regproc
        ) THEN
            EXECUTE format(
                'CREATE TRIGGER marks_stale_views AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                EXECUTE FUNCTION {SCHEMA}.table_changed()', base.name
            );
        END IF;
    END LOOP;
END $body$""",
    # Only the owner's session takes the marks of a view away; views that read this one are stale by its refresh.
    f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.take_marks(of_view oid) RETURNS boolean LANGUAGE plpgsql {_WITH_ALL_RIGHTS}
AS $body$
DECLARE
    about pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = of_view);
BEGIN
    IF NOT pg_has_role(session_user, about.relowner, 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('must be owner of materialized view %s', about.relname);
    END IF;
    PERFORM pg_advisory_xact_lock(of_view::bigint);
    DELETE FROM {SCHEMA}.stale_views WHERE view = of_view;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    CALL {SCHEMA}.mark_stale(of_view);
    RETURN true;
END $body$""",
    # Whoever reads keeps Postgres from a refresh, as Redshift's readers do not: it waits, but not for ever.
    f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.refresh_view(relation text) LANGUAGE plpgsql AS $body$
DECLARE
    about pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = relation::regclass);
    waits text := current_setting('lock_timeout');
BEGIN
    IF about.relkind <> 'm' THEN
        RAISE wrong_object_type USING MESSAGE = format('"%s" is not a materialized view', about.relname);
    END IF;
    PERFORM set_config('lock_timeout', '10s', true);
    IF {SCHEMA}.take_marks(about.oid) THEN
        EXECUTE format('REFRESH MATERIALIZED VIEW %s', about.oid::regclass);
        RAISE INFO 'Materialized view % was recomputed successfully.', about.relname;
    ELSE
        RAISE INFO 'Materialized view % is already up to date.', about.relname;
    END IF;
    PERFORM set_config('lock_timeout', waits, true);
END $body$""",
]

# https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_MV_INFO.html: state 0 is made anew at each refresh.
VIEWS = {
    "svv_mv_info": f"""
SELECT
    {SCHEMA}.current_database()::char(128) AS database_name,
    n.nspname::char(128) AS schema_name,
    pg_get_userbyid(c.relowner)::char(128) AS user_name,
    c.relname::char(128) AS name,
    CASE WHEN EXISTS (SELECT FROM {SCHEMA}.stale_views AS s WHERE s.view = c.oid) THEN 't' ELSE 'f' END::char(1)
        AS is_stale,
    0 AS state,
    'f'::char(1) AS autorefresh,
    'f'::char(1) AS autorewrite
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND pg_has_role(c.relowner, 'USAGE')""",
}
