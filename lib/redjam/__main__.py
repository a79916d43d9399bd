"""The command line, `redjam` or `python -m redjam`: each command is one call of the library.

The commands import what they need themselves, so that `redjam --help` does not wait for all of it.
"""

import argparse
import logging
import os
import re
import sys
from contextlib import closing
from pathlib import Path

from redjam import config, formats


def main(argv: list[str] | None = None) -> int:
    """Run one command and give the exit code: 1 after an error meant for the user, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("redjam").setLevel(logging.INFO)
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        from tqdm.contrib.logging import logging_redirect_tqdm

        with logging_redirect_tqdm():  # a log line goes above the bars, not through them
            arguments.command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has left (`| head`); Python must not complain at exit that it cannot flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # what a shell shows for SIGPIPE
    except KeyboardInterrupt:
        print("redjam: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if not (_for_user(error) or isinstance(error, arguments.errors)):
            raise
        print(f"redjam: {_text(error)}", file=sys.stderr)
        return 1
    return 0


def _for_user(error: Exception) -> bool:
    """Whether the error says what the user can do: our own do, the database's, and those of a wrong --out."""
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    files = (FileExistsError, PermissionError, NotADirectoryError)
    return bool(packages & {"redjam", "psycopg2"}) or isinstance(error, files)


def _text(error: Exception) -> str:
    """The error's text; a database error's without the line of the statement, which the user just typed."""
    text = str(error).strip()
    if not isinstance(getattr(error, "pgcode", None), str):
        return text
    text = re.sub(r"\nLINE \d+:.*\n *\^", "", text).partition("\nCONTEXT:")[0]
    return re.sub(r"\n(?:DETAIL|HINT): +", "; ", text)


# --- The commands -----------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace) -> None:
    from redjam import run

    settings = config.load(arguments.config)
    out = arguments.out or settings.root / "out"
    start = run.resume if arguments.resume else run.run
    index = start(settings, out, dict(arguments.parameters), settings.root / "notebooks", arguments.keep)
    print(f"reports: {index}")


def _build(arguments: argparse.Namespace) -> None:
    from redjam import infrastructure

    cluster = infrastructure.build(config.load(arguments.config))
    print(_where(cluster))


def _delete(arguments: argparse.Namespace) -> None:
    from redjam import infrastructure

    settings = config.load(arguments.config)
    found = infrastructure.inventory(settings)
    infrastructure.delete(settings, arguments.keep_snapshot, arguments.snapshots)
    left = infrastructure.inventory(settings)
    there = set(zip(left["kind"], left["name"], strict=True))
    for kind, name in zip(found["kind"], found["name"], strict=True):
        if (kind, name) not in there:
            print(f"deleted: {kind} {name}")
    if not left.empty:
        print(f"left:\n{left.to_string(index=False)}")
    else:
        print("there was nothing to delete" if found.empty else "nothing is left")


def _pause(arguments: argparse.Namespace) -> None:
    from redjam import infrastructure

    infrastructure.pause(config.load(arguments.config))


def _resume(arguments: argparse.Namespace) -> None:
    from redjam import infrastructure

    print(_where(infrastructure.resume(config.load(arguments.config))))


def _status(arguments: argparse.Namespace) -> None:
    from redjam import cost, infrastructure, local

    settings = config.load(arguments.config)
    print(f"target: {settings.target}")
    print(f"settings: {settings.file or 'the defaults, there is no dwh.cfg'}")
    services = dict(local.status(settings)) if settings.is_local else {}
    for name, state in services.items():
        print(f"{name}: {state}")
    # To ask the stand-in would start it.
    if services.get("AWS (moto)") == "stopped":
        print("cluster: unknown until something starts the local services (redjam build, say)")
        return
    found = infrastructure.inventory(settings)
    print("nothing is built" if found.empty else found.to_string(index=False))
    for line in cost.so_far(settings):
        print(line)


def _doctor(arguments: argparse.Namespace) -> None:
    from redjam import doctor

    wrong = 0
    for check in doctor.examine(config.load(arguments.config)):
        print(check, flush=True)
        wrong += check.state == "wrong"
    if wrong:
        raise doctor.Sick(f"{wrong} {'check' if wrong == 1 else 'checks'} went wrong: the first of them first")


def _create_tables(arguments: argparse.Namespace) -> None:
    from redjam import access, schema

    settings = config.load(arguments.config)
    with closing(_connect(settings)[0]) as connection:
        schema.create(connection, arguments.fresh)
        print(schema.describe(connection).to_string())
        rights = access.ensure_analyst(connection, settings)
    print(f"user {access.ANALYST} may read: {', '.join(rights.index[rights['may read']]) or 'nothing'}")


def _etl(arguments: argparse.Namespace) -> None:
    from redjam import etl

    settings = config.load(arguments.config)
    connection, cluster = _connect(settings)
    with closing(connection):
        since, until, reload = arguments.since, arguments.until, arguments.reload
        result = etl.run(connection, settings, cluster.role_arn, since, until, reload)
    print(f"run {result.run_id}: {result}")
    if not result.reconciliation.empty:
        print(result.reconciliation.to_string())


def _history(arguments: argparse.Namespace) -> None:
    from redjam import ledger, schema

    with closing(_connect(config.load(arguments.config))[0]) as connection:
        schema.require(connection)
        runs = ledger.history(connection)
    print("nothing was run yet" if runs.empty else runs.to_string())


def _check(arguments: argparse.Namespace) -> None:
    from redjam import etl

    with closing(_connect(config.load(arguments.config))[0]) as connection:
        rules, counts = etl.check(connection)
    print(f"{len(rules)} rules hold\n{counts.to_string()}")


def _sql(arguments: argparse.Namespace) -> None:
    query = sys.stdin.read() if arguments.query == "-" else arguments.query
    connection, _ = _connect(config.load(arguments.config))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query)
        if cursor.description:
            names = [column.name for column in cursor.description]
            formats.WRITE[arguments.format](names, cursor.fetchall())
        elif cursor.rowcount < 0:
            print("done")
        else:
            print(formats.count(cursor.rowcount), "affected")


def _sample(arguments: argparse.Namespace) -> None:
    from redjam import sample

    options = {name: getattr(arguments, name) for name in ("days", "users", "songs", "seed", "start")}
    sample.write(arguments.out, **{name: value for name, value in options.items() if value is not None})
    print(f"sample: {arguments.out}")


def _stop(arguments: argparse.Namespace) -> None:
    from redjam import local

    try:
        settings = config.load(arguments.config)
    except config.SettingError as error:
        if arguments.config:
            raise
        # A wrong setting must not keep servers running: those of the folder that the project comes with can be found.
        settings = config.load(config.EXAMPLE)
        print(f"redjam: {error}", file=sys.stderr)
        print(f"redjam: so this stops the servers of {settings.local_dir} and of no other folder", file=sys.stderr)
    for name in local.stop(settings) or ["nothing was running"]:
        print(name)


def _where(cluster) -> str:
    return f"cluster {cluster.identifier} is {cluster.status}: {cluster.host}:{cluster.port}/{cluster.dbname}"


def _connect(settings: config.Settings):
    """The connection to the warehouse, and the cluster."""
    from redjam import infrastructure, warehouse

    cluster = infrastructure.find_cluster(settings)
    return warehouse.connect(settings, cluster), cluster


# --- The parser -------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="redjam",
        description="A data warehouse of listening data, on Amazon Redshift or on this machine.",
    )
    parser.add_argument("--config", metavar="FILE", help="the settings, instead of the project's dwh.cfg")
    parser.set_defaults(errors=())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(command=function)
        return added

    run = command("run", _run, "run all notebooks and write reports")
    run.add_argument("--out", type=Path, metavar="DIR", help="where notebooks and reports go (default: out)")
    run.add_argument(
        "--resume", action="store_true", help="go on with the last run where it failed or was stopped, as it was given"
    )
    run.add_argument("--keep", action="store_true", help="on AWS: do not delete at the end what the run has built")
    run.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter, for every notebook that declares it",
    )
    command("build", _build, "make or mend role, security group, bucket and cluster: on AWS it costs money")
    delete = command("delete", _delete, "delete the cluster with its data, the bucket, the security group and the role")
    snapshot = delete.add_mutually_exclusive_group()
    snapshot.add_argument("--keep-snapshot", action="store_true", help="keep the data in a snapshot, which costs money")
    snapshot.add_argument("--snapshots", action="store_true", help="delete the snapshots that were kept before, too")
    command("status", _status, "show the target, what is built, what runs and what it costs")
    command("pause", _pause, "pause the cluster: then only its storage costs money")
    command("resume", _resume, "resume a paused cluster, or have AWS pause it later than it would")
    command("doctor", _doctor, "check what a connection and a COPY need, one line each, with the way out")
    create = command(
        "create-tables", _create_tables, "create the tables, marts and the user analyst that are not there"
    )
    create.add_argument("--fresh", action="store_true", help="drop the tables and their rows, and the marts, first")
    etl = command("etl", _etl, "load what is new or has changed into the star schema")
    etl.add_argument("--since", default="", metavar="DATE", help="the first day of events to load, such as 2018-11-02")
    etl.add_argument("--until", default="", metavar="DATE", help="the last day of events to load; days are in UTC")
    etl.add_argument("--reload", action="store_true", help="load files again that have not changed")
    command("history", _history, "show the latest loads, and how each ended")
    command("check", _check, "hold the whole warehouse to the rules that a load holds its own part to")
    sql = command("sql", _sql, "run a statement and show its rows")
    sql.add_argument("query", metavar="QUERY", help="the statement, or - to read it from standard input")
    sql.add_argument("--format", choices=formats.WRITE, default="table")
    sample = command("sample", _sample, "generate song and event files like the real ones")
    sample.set_defaults(errors=(ValueError,))
    sample.add_argument("--out", type=Path, required=True, metavar="DIR")
    sample.add_argument("--days", type=int, metavar="N", help="days of events")
    sample.add_argument("--users", type=int, metavar="N", help="listeners")
    sample.add_argument("--songs", type=int, metavar="N", help="songs in the catalogue")
    sample.add_argument("--seed", type=int, metavar="N", help="another seed gives other data")
    sample.add_argument("--start", metavar="DATE", help="the first day, such as 2018-11-01")
    command("stop", _stop, "stop the local services; their data stay")
    return parser


if __name__ == "__main__":
    sys.exit(main())
