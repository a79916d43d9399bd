"""`redjam doctor`: whether all that lies between dwh.cfg and a load is well, one line a check, and the way out."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from redjam.config import Settings
from redjam.doctor import account, database, reach
from redjam.doctor.findings import Check, Look, Wrong, made, within

__all__ = ["Check", "Sick", "examine"]
CLOSE_SECONDS = 5
DATA = ("LOG_DATA", "LOG_JSON_PATH", "SONG_DATA")


class Sick(Exception):
    """Some checks went wrong; the message says how many."""


def examine(settings: Settings) -> Iterator[Check]:
    """Make the checks one after the other, as they are asked for; nothing is changed, and all costs a few queries.

    What needs something that is wrong is skipped. On local, the stand-in is started if need be.
    """
    opened, missing = [], {}
    try:
        for look in _looks(settings, opened):
            reason = look.skip or next((missing[name] for name in look.needs if name in missing), "")
            check = Check(look.name, "skipped", reason) if reason else made(look)
            if check.state == "wrong":
                missing[look.name] = look.without or f"{look.name} is wrong"
            elif reason and not look.skip:
                missing[look.name] = reason
            yield check
    finally:
        for connection in opened:
            with suppress(Wrong):  # it may still be busy
                within(CLOSE_SECONDS, connection.close)


def _looks(settings: Settings, opened: list) -> list[Look]:
    """The checks in the order in which what they look at is needed; login leaves its connection in `opened`."""
    unasked = "HOST and ARN are given: AWS is not asked" if account.given(settings) else ""
    not_ours = unasked or ("HOST is given: the cluster is not of our making" if settings.host else "")
    no_network = "the stand-in has none" if settings.is_local else ""
    free = "the stand-in costs nothing" if settings.is_local else ""
    loads = ("tables", "WORK")
    on_s3 = [key for key in DATA if getattr(settings, key.lower()).startswith("s3://")]

    def look(name: str, function: Callable, *needs: str, arguments: tuple = (), skip: str = "", without: str = ""):
        return Look(name, partial(function, settings, *arguments), needs, skip, without)

    return [
        look("settings file", account.settings_file),
        look("credentials", account.credentials, skip=unasked, without="without credentials AWS is not asked"),
        *(look(key, account.data, *["credentials"] * (key in on_s3), arguments=(key,)) for key in DATA),
        look("node type", account.size, "credentials", skip=not_ours),
        look("cluster", account.cluster, "credentials", without="there is no cluster to connect to"),
        look("WORK", account.work, "credentials", "cluster"),
        look("guard", account.guarded, "cluster", skip=not_ours or free),
        look("role", account.cluster_role, "cluster", skip=not_ours),
        look("address", reach.address, "cluster", skip=not_ours),
        look("public", reach.public, "cluster", skip=not_ours),
        look("route", reach.route, "cluster", skip=not_ours or no_network),
        look("port", reach.port, "cluster", skip=no_network, without="the port is not reachable"),
        look("login", database.login, "cluster", "port", arguments=(opened,), without="nobody is logged in"),
        look("catalog", database.catalog, "login", arguments=(opened,)),
        look("tables", database.tables, "catalog", arguments=(opened,), without="there are no tables to load into"),
        look("COPY LOG_DATA", database.copy, *loads, "LOG_DATA", "LOG_JSON_PATH", arguments=(opened, "LOG_DATA")),
        look("COPY SONG_DATA", database.copy, *loads, "SONG_DATA", arguments=(opened, "SONG_DATA")),
    ]
