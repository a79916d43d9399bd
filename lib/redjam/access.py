"""The user of BI tools, who may read the star and its marts and nothing else."""

import hashlib
import logging

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import schema, warehouse
from redjam.config import Secret, Settings

ANALYST = "analyst"  # as sql/grants has it
KINDS = {
    "mart": schema.MARTS,
    "fact": schema.FACTS,
    "dimension": schema.DIMENSIONS,
    "staging": schema.STAGING,
    "ledger": schema.LEDGER,
}
WAY_OUT = "a superuser (LOGIN = admin) has to run `redjam create-tables` once"
log = logging.getLogger(__name__)


def ensure_analyst(connection: Connection, settings: Settings) -> pd.DataFrame:
    """Create the user analyst if need be, let it read, and return a frame, one row an object: `kind`, `may read`.

    It belongs to the cluster, not to the database, and has [CLUSTER] ANALYST_PASSWORD for its password, or none. On a
    cluster of our own nobody but superusers makes tables in schema public any more; what PUBLIC may on somebody else's
    (HOST) stays as it is. Only a superuser makes users: for others, who may let it read what is their own, this warns.
    """
    try:
        with warehouse.transaction(connection):
            there = _grant(connection, settings)
    except psycopg2.errors.InsufficientPrivilege as error:
        there = ANALYST in _users(connection)
        log.warning("user %s is as it was: %s: %s", ANALYST, str(error).strip().partition("\n")[0], WAY_OUT)
    rights = warehouse.frame(connection, warehouse.statement("grants/rights")) if there else pd.DataFrame()
    if there and rights["may_create"].any():
        log.warning(
            "user %s may make tables of its own, as everybody in schema public; if none of the cluster's other users "
            "needs that: REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            ANALYST,
        )
    readable = set(rights.loc[rights["may_read"], "object"]) if there else set()
    rows = [(name, kind, name in readable) for kind, names in KINDS.items() for name in names]
    return pd.DataFrame(rows, columns=["object", "kind", "may read"]).set_index("object")


def _grant(connection: Connection, settings: Settings) -> bool:
    """Do what this session may do, and say whether the user is there."""
    users = _users(connection)
    if not any(is_super for name, is_super in users.items() if name != ANALYST):
        if ANALYST not in users:
            log.warning("there is no user %s, and you may make none: %s", ANALYST, WAY_OUT)
            return False
        warehouse.execute(connection, warehouse.statement("grants/select"))
        return True
    if ANALYST not in users:
        warehouse.execute(connection, warehouse.statement("grants/create_user"))
    if settings.analyst_password:
        warehouse.execute(connection, warehouse.statement("grants/password", password=_kept(settings)))
    for name in ("usage", "select", *(() if settings.host else ("no_create",))):
        warehouse.execute(connection, warehouse.statement(f"grants/{name}"))
    return True


def _users(connection: Connection) -> dict[str, bool]:
    """Whether analyst, if it is there, and who asks are superusers."""
    users = warehouse.frame(connection, warehouse.statement("grants/users"))
    return dict(zip(users["name"], users["is_super"], strict=True))


def _kept(settings: Settings) -> Secret:
    """The password as the statement has it: as Redshift's MD5 hash, so that no log of AWS can have the text.

    Its SHA-256 hash would be the better one, but AWS does not say how to make it. The stand-in takes the text, since
    Postgres' own kind of hash is another; it keeps it from Postgres' log.
    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
    """
    if settings.is_local:
        return Secret(settings.analyst_password)
    return Secret("md5" + hashlib.md5(f"{settings.analyst_password}{ANALYST}".encode()).hexdigest())
