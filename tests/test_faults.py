"""Whatever breaks a load, the warehouse is as before or as after it, and the next load makes all well by itself."""

import gzip
import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import faults
import psutil
import psycopg2
import pytest
from botocore import endpoint
from conftest import JSONPATHS, state_folder
from jupyter_client import KernelClient, KernelManager
from jupyter_client.manager import start_new_kernel

from redjam import aws, config, etl, infrastructure, ledger, sample, schema, warehouse
from redjam.local import postgres as embedded
from redjam.local import services

TABLES = ("songs", "artists", "users", "time", "songplays", *schema.STAGING, "load_files")
# To readers, while a load has its lock.
OPEN = tuple(table for table in TABLES if table not in schema.STAGING)
MARKS = {"batch_id", "run_id", "loaded_at"}  # they say which run brought a row
DATABASE = "redjam.dwh"
THIRD_ARTIST = "TRAAA[AHI]*.json"  # the song files that come later


@dataclass(frozen=True)
class House:
    """Servers of this module alone, a warehouse with an earlier load, and files that came or changed since."""

    settings: config.Settings
    cluster: infrastructure.Cluster
    before: dict[str, str]
    after: dict[str, str]
    points: int  # that a load comes to

    def begin(self) -> None:
        """Have the warehouse as the earlier load left it."""
        with closing(embedded.connect(self.settings.local_dir)) as admin:
            admin.autocommit = True
            admin.cursor().execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
            admin.cursor().execute(f'CREATE DATABASE "{DATABASE}" TEMPLATE earlier')

    def now(self, tables: tuple[str, ...] = TABLES) -> dict[str, str]:
        """A hash of every table, or of some."""
        return hashes(self.settings, tables)

    def plain(self) -> psycopg2.extensions.connection:
        """A plain connection to the warehouse's database, in autocommit."""
        connection = embedded.connect(self.settings.local_dir, dbname=DATABASE)
        connection.autocommit = True
        return connection

    def connect(self) -> psycopg2.extensions.connection:
        """A connection that speaks Redshift."""
        return warehouse.connect(self.settings, self.cluster)


def hashes(settings: config.Settings, tables: tuple[str, ...] = TABLES) -> dict[str, str]:
    """A hash of each table, without the marks of the run that brought a row."""
    found = {}
    with closing(embedded.connect(settings.local_dir, dbname=DATABASE)) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            columns = ", ".join(column.name for column in cursor.description if column.name not in MARKS)
            hashed = "count(*) || ' rows ' || md5(coalesce(string_agg(r::text, chr(10) ORDER BY r::text), ''))"
            cursor.execute(f"SELECT {hashed} FROM (SELECT {columns} FROM {table}) AS r")
            found[table] = cursor.fetchone()[0]
    return found


def deliver_first(root: Path, made: Path) -> None:
    """Two days, of which the second is not over, and the songs of two artists."""
    shutil.copytree(made / "log-data", root / "log-data", ignore=shutil.ignore_patterns("*-03-*", "*-04-*"))
    second = root / "log-data/2018/11/2018-11-02-events.json"
    second.write_text("\n".join(second.read_text().splitlines()[:40]))
    shutil.copytree(made / "song-data", root / "song-data", ignore=shutil.ignore_patterns(THIRD_ARTIST))


def deliver_rest(root: Path, made: Path) -> None:
    """The second day anew with other first rows, the third compressed, the fourth, a corrected song and new ones."""
    days = [made / f"log-data/2018/11/2018-11-0{day}-events.json" for day in (2, 3, 4)]
    to = root / "log-data/2018/11"
    (to / days[0].name).write_text("\n".join(days[0].read_text().splitlines()[5:]))
    (to / f"{days[1].name}.gz").write_bytes(gzip.compress(days[1].read_bytes()))
    shutil.copy(days[2], to)
    for song in (made / "song-data").rglob(THIRD_ARTIST):
        shutil.copy(song, root / song.relative_to(made))
    corrected = next((root / "song-data").rglob("TRAAAB*"))
    corrected.write_text(corrected.read_text().replace('"title": "', '"title": "Not '))


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    """The warehouse that each fault begins with; the clean load that it must come to is made once."""
    root, made = tmp_path_factory.mktemp("house"), tmp_path_factory.mktemp("made")
    faults.prepare()
    sample.write(made, days=4, users=30, songs=12)
    deliver_first(root, made)
    (root / "log_json_path.json").write_text(JSONPATHS)
    with state_folder("faults") as folder:
        (root / "dwh.cfg").write_text(
            "[CLUSTER]\nTARGET=local\n"
            "[S3]\nLOG_DATA=log-data\nLOG_JSON_PATH=log_json_path.json\nSONG_DATA=song-data\n"
            f"[LOCAL]\nDIR={folder}\n"
        )
        settings = config.load(root / "dwh.cfg")
        cluster = infrastructure.build(settings)

        def clean_load() -> dict[str, str]:
            with closing(warehouse.connect(settings, cluster)) as connection:
                schema.create(connection, fresh=True)
                etl.run(connection, settings, cluster.role_arn)
            return hashes(settings)

        before = clean_load()
        with closing(embedded.connect(folder)) as admin:
            admin.autocommit = True
            admin.cursor().execute(f'CREATE DATABASE earlier TEMPLATE "{DATABASE}"')
        deliver_rest(root, made)
        after = clean_load()
        assert {table for table in TABLES if before[table] == after[table]} == set(), (before, after)
        house = House(settings, cluster, before, after, 0)
        house.begin()
        whole = faults.start(settings.file, root / "said")
        assert whole.end() == 0, whole.said()
        assert house.now() == after
        yield House(settings, cluster, before, after, whole.pipe.recv())


@pytest.fixture
def start(house, tmp_path):
    """Have the earlier warehouse, and give a function that starts a command of Red Jam (`etl` if none is named)."""
    house.begin()
    loads = []

    def run(*command: str, **options) -> faults.Load:
        loads.append(faults.start(house.settings.file, tmp_path / f"said-{len(loads)}", *command, **options))
        return loads[-1]

    yield run
    for load in loads:
        load.process.kill()
        load.process.join()


@pytest.fixture
def passes(house, start):
    """Run the next load, which nobody prepares; it must pass, and leave what a clean load does."""

    def run() -> None:
        load = start()
        assert load.end() == 0, load.said()
        assert house.now() == house.after

    return run


def states(house) -> list[str]:
    """How the runs of the warehouse ended, the newest first."""
    with closing(house.connect()) as connection:
        return ledger.history(connection)["state"].tolist()


# --- The loader dies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(20))
def test_a_loader_that_is_killed_has_loaded_all_or_nothing(house, start, passes, part):
    load = start(kill=1 + (house.points - 1) * part // 19)
    assert load.end() == faults.KILLED, load.said()
    assert house.now() == (house.after if part == 19 else house.before)
    passes()


def test_the_history_tells_of_a_killed_load_and_the_rules_hold_after_the_next(house, start, passes):
    assert start(kill=house.points // 2).end() == faults.KILLED
    assert states(house) == ["interrupted", "done"]
    passes()
    assert states(house) == ["done", "interrupted", "done"]
    shown, checked = start("history"), start("check")
    assert (shown.end(), checked.end()) == (0, 0), shown.said() + checked.said()
    assert shown.said().count("interrupted") == 1


# --- The servers die ----------------------------------------------------------------------------------------

COPYING, LOADING = "a piece of a file", "MERGE INTO songplays"
LOST = "(?m)^redjam: (server closed the connection|terminating connection)"


@pytest.mark.parametrize("at", [COPYING, LOADING])
def test_a_postgres_that_is_killed_in_a_load_comes_back_as_it_was(house, start, passes, at):
    load = start(stop=at)
    load.arrived()
    server = psutil.Process(int((house.settings.local_dir / "postgres/postmaster.pid").read_text().split()[0]))
    family = [server, *server.children()]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=faults.WAIT)
    load.go()
    assert load.end() == 1
    assert re.search(LOST, load.said()), load.said()
    assert house.now() == house.before
    passes()
    assert states(house) == ["done", "interrupted", "done"]


@pytest.mark.parametrize("at", [COPYING, LOADING, "before the commit"])
def test_a_connection_that_is_cut_in_a_load_takes_nothing_with_it(house, start, passes, at):
    load = start(stop=at)
    load.arrived()
    with closing(house.plain()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(session) FROM etl_runs ORDER BY started_at DESC LIMIT 1")
        assert cursor.fetchone() == (True,)
    load.go()
    assert load.end() == 1
    assert re.search(LOST, load.said()), load.said()
    assert house.now() == house.before
    passes()
    assert states(house) == ["done", "interrupted", "done"]


def test_the_next_load_passes_after_aws_was_gone_in_one(house, start, passes):
    load = start(stop="COPY new_events")
    load.arrived()
    server = psutil.Process(int((house.settings.local_dir / "aws.pid").read_text().split()[0]))
    server.kill()
    psutil.wait_procs([server], timeout=faults.WAIT)
    load.go()
    assert load.end() == 1
    assert "NoSuchBucket" in load.said()
    assert house.now() == house.before
    passes()


@pytest.mark.skipif(not shutil.which("prlimit"), reason="there is no prlimit here")
def test_a_disk_that_is_full_takes_nothing_with_it(house, start, passes):
    """Postgres is refused the space for a table; the limit is as high as the files of its log are large."""
    log_file = 16 * 1024 * 1024
    with closing(house.plain()) as other, other.cursor() as cursor:
        cursor.execute("ALTER TABLE staging_events SET (fillfactor = 10, autovacuum_enabled = off)")
        cursor.execute("INSERT INTO staging_events (page, ts, artist) SELECT '', 0, repeat('x', 500) "
                       "FROM generate_series(1, 2100)")  # fmt: skip
        cursor.execute("DELETE FROM staging_events WHERE page = ''")
        cursor.execute("SELECT pg_relation_size('staging_events')")
        assert cursor.fetchone()[0] > log_file
    load = start(stop="COPY new_events")
    load.arrived()
    with closing(house.plain()) as other, other.cursor() as cursor:
        cursor.execute("SELECT session FROM etl_runs ORDER BY started_at DESC LIMIT 1")
        # By Postgres itself, whose user may be another one.
        prlimit = f"prlimit --pid {cursor.fetchone()[0]} --fsize={log_file}"
        cursor.execute("CREATE TEMP TABLE said (line text)")
        cursor.execute(f"COPY said FROM PROGRAM '{prlimit}'")
    load.go()
    assert load.end() == 1
    assert re.fullmatch(r"redjam: could not extend file .*: File too large.*\n", load.said()), load.said()
    assert house.now() == house.before
    assert states(house) == ["failed", "done"]
    passes()


# --- The files are not what they were ------------------------------------------------------------------------

FOURTH = "2018-11-04-events.json"


@contextmanager
def instead(file: Path, content: bytes | None) -> Iterator[None]:
    """Have something else in a file, or no file, for a while."""
    whole, times = file.read_bytes(), file.stat()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(whole)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def event_file(house, name: str) -> Path:
    return Path(house.settings.log_data, "2018/11", name)


def test_a_file_that_vanishes_before_it_is_read_is_named_and_nothing_is_loaded(house, start, passes):
    load = start(stop="COPY new_events")
    load.arrived()
    with instead(event_file(house, FOURTH), None):
        load.go()
        assert load.end() == 1
        assert f"{FOURTH}' is mandatory, but it does not exist" in load.said()
        assert house.now() == house.before
        again = start()
        assert again.end() == 0, again.said()
    passes()
    assert states(house) == ["done", "done", "failed", "done"]


def test_a_file_that_changes_while_it_is_loaded_is_named_and_nothing_is_loaded(house, start, passes):
    load = start(stop="INSERT INTO staging_events")
    load.arrived()
    file = event_file(house, FOURTH)
    with instead(file, file.read_bytes() + b"\n" + file.read_bytes().splitlines()[0]):
        load.go()
        assert load.end() == 1
        assert f"{FOURTH} changed while it was loaded: nothing is loaded" in load.said()
    assert house.now() == house.before
    passes()


@pytest.mark.parametrize(
    ("name", "said"),
    [("2018-11-03-events.json.gz", "is not a whole gzip file"), (FOURTH, "1 row rejected, nothing was loaded")],
)
def test_a_file_that_is_half_written_is_named_and_nothing_is_loaded(house, start, passes, name, said):
    file = event_file(house, name)
    with instead(file, file.read_bytes()[:-100]):
        load = start()
        assert load.end() == 1
        assert said in load.said()
        assert name in load.said()
        assert house.now() == house.before
    assert states(house) == ["failed", "done"]
    passes()


# --- Two at once --------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + faults.WAIT
    while not condition():
        assert time.monotonic() < end, "a minute has passed"
        time.sleep(0.05)


def latest_run(house) -> tuple[str, str]:
    """The run that began last, and its owner."""
    with closing(house.plain()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT run_id, owner FROM etl_runs ORDER BY started_at DESC LIMIT 1")
        return cursor.fetchone()


@pytest.fixture
def two(house, start) -> tuple[faults.Load, faults.Load]:
    """A load that stops while it has the lock, and one that waits for it and has said so."""
    first = start(stop=LOADING)
    first.arrived()
    run_id, owner = latest_run(house)
    second = start("etl", "--reload")
    until(lambda: f"waiting for the load {run_id} of {owner}, at work since" in second.said())
    return first, second


def test_of_two_loads_one_waits_and_says_for_whom_and_both_pass(house, two):
    first, second = two
    first.go()
    assert (first.end(), second.end()) == (0, 0), first.said() + second.said()
    assert "16 files loaded, 0 files unchanged" in second.said()
    assert second.said().count("waiting for") == 1
    assert house.now() == house.after
    assert states(house) == ["done", "done", "done"]


def test_a_load_that_waits_goes_on_when_the_first_is_killed(house, two):
    first, second = two
    first.process.kill()
    assert second.end() == 0, second.said()
    assert house.now() == house.after
    assert states(house) == ["done", "interrupted", "done"]


def test_ctrl_c_ends_a_load_that_waits_and_not_the_one_that_it_waits_for(house, two):
    first, second = two
    os.kill(second.process.pid, signal.SIGINT)
    assert second.end() == 130, second.said()
    assert second.said().endswith("redjam: interrupted\n")
    first.go()
    assert first.end() == 0, first.said()
    assert house.now() == house.after
    assert states(house) == ["interrupted", "done", "done"]


def test_a_reader_sees_the_old_state_or_the_new_at_every_moment_of_a_load(house, start):
    load, seen = start(stop=1), []
    for step in (*range(6, house.points, 5), house.points, None):
        load.arrived()
        seen.append(house.now(OPEN))
        load.go(step)
    assert load.end() == 0
    old, new = ({table: hashed[table] for table in OPEN} for hashed in (house.before, house.after))
    assert seen == sorted(seen, key=[old, new].index)
    assert (seen[0], seen[-1]) == (old, new)


# --- In conflict, and refused -------------------------------------------------------------------------------


def fail(house, times: int) -> None:
    """Have the server refuse so many merges into songplays as a serializable isolation violation."""
    with closing(house.plain()) as connection:
        connection.cursor().execute(
            f"""CREATE SEQUENCE attempts;
            CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('attempts') <= {times} THEN
                    RAISE EXCEPTION '1023 serializable isolation violation' USING ERRCODE = '40001';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER conflict BEFORE INSERT ON songplays FOR EACH STATEMENT EXECUTE FUNCTION conflict()"""
        )


def attempts(house) -> int:
    with closing(house.plain()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM attempts")
        return cursor.fetchone()[0]


def test_a_load_in_conflict_is_tried_again(house, start, monkeypatch, caplog):
    monkeypatch.setattr(etl, "RETRIES", (0, 0.1, 0))
    fail(house, 2)
    with closing(house.connect()) as connection:
        run = etl.run(connection, house.settings, house.cluster.role_arn)
    assert len(run.files) == len({*run.files["uri"]}) == 7
    assert [message for message in caplog.messages if "1023" in message] == [
        "in conflict with another transaction (1023): tried again in 0 s"
    ] * 2
    assert attempts(house) == 3
    assert house.now() == house.after
    assert states(house) == ["done", "done"]


def test_a_load_that_stays_in_conflict_fails_and_the_next_passes(house, start, passes, monkeypatch):
    monkeypatch.setattr(etl, "RETRIES", (0, 0, 0))
    fail(house, 4)
    with closing(house.connect()) as connection:
        with pytest.raises(psycopg2.Error, match="1023 serializable isolation violation"):
            etl.run(connection, house.settings, house.cluster.role_arn)
        assert attempts(house) == 4
        assert house.now() == house.before
        assert warehouse.frame(connection, "SELECT 1 AS one").one.tolist() == [1]
    assert states(house) == ["failed", "done"]
    passes()


# --- In a notebook ------------------------------------------------------------------------------------------


WATCH = """
import time, faults
stop = None

def at(text):
    global stop
    if stop and stop in text:
        stop = None
        print("stopped", flush=True)
        time.sleep(60)

faults.watch(at)
"""
SETUP = """
from redjam import config, etl, infrastructure, magic, warehouse
settings = config.load()
cluster = infrastructure.find_cluster(settings)
connection = warehouse.connect(settings, cluster)
magic.sql_magic(connection)
"""
LOAD = "etl.run(connection, settings, cluster.role_arn)"


@pytest.fixture(scope="module")
def kernel(house) -> Iterator[tuple[KernelManager, KernelClient]]:
    """A kernel as JupyterLab has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDJAM_CONFIG", str(house.settings.file))
        patch.setenv("PYTHONPATH", os.path.dirname(__file__))
        patch.setenv("TQDM_DISABLE", "1")
        manager, client = start_new_kernel(kernel_name="python3")
    assert cell(client, WATCH) == ("ok", "")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(kernel, start) -> tuple[KernelManager, KernelClient]:
    """The kernel with the setup cell run, on the earlier warehouse."""
    assert cell(kernel[1], SETUP) == ("ok", "")
    return kernel


def cell(client: KernelClient, code: str, interrupt: Callable[[], None] | None = None) -> tuple[str, str]:
    """Run a cell, and interrupt it where it prints something; gives "ok" or the error's name, and its result."""
    asked, result = client.execute(code), ""
    while True:
        message = client.get_iopub_msg(timeout=faults.WAIT)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and interrupt:
            interrupt()
            interrupt = None
        if kind == "execute_result":
            result = content["data"]["text/plain"]
        if kind == "status" and content["execution_state"] == "idle":
            reply = client.get_shell_msg(timeout=faults.WAIT)["content"]
            return reply.get("ename", "ok"), result


def test_an_interrupted_cell_ends_and_the_next_load_of_the_session_passes(house, notebook):
    manager, client = notebook
    for stop in (COPYING, LOADING, "before the commit"):
        ended, _ = cell(client, f"stop = {stop!r}; {LOAD}", manager.interrupt_kernel)
        assert ended == "KeyboardInterrupt"
        assert house.now() == house.before
    assert cell(client, f"{LOAD}.files.shape") == ("ok", "(7, 5)")
    assert house.now() == house.after
    assert states(house) == ["done", *["interrupted"] * 3, "done"]


def test_a_cell_is_interrupted_while_the_server_is_at_work(house, notebook):
    manager, client = notebook
    with closing(house.plain()) as connection:
        connection.cursor().execute(
            """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_sleep(1);
                RETURN NULL;
            END $$;
            CREATE TRIGGER slow BEFORE INSERT ON songplays FOR EACH STATEMENT EXECUTE FUNCTION slow()"""
        )

        def is_slow() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                return cursor.fetchone() == (1,)

        def interrupt() -> None:
            until(is_slow)
            manager.interrupt_kernel()

        ended, _ = cell(client, f"print('begun', flush=True); {LOAD}", interrupt)
    assert ended == "KeyboardInterrupt"
    assert house.now() == house.before
    assert cell(client, f"{LOAD}.files.shape") == ("ok", "(7, 5)")
    assert house.now() == house.after


def test_a_statement_that_fails_does_not_poison_the_session(house, notebook):
    _, client = notebook
    for wrong, name in (
        ("%%sql\nSELECT nothing FROM nowhere", "StatementFailed"),
        ("%%sql\nnonsense", "StatementFailed"),
        ("warehouse.execute(connection, 'SELECT 1 / 0')", "DivisionByZero"),
    ):
        assert cell(client, wrong)[0] == name
        assert cell(client, "%sql SELECT 1 AS one") == ("ok", "   one\n0    1")
    assert cell(client, f"{LOAD}.files.shape") == ("ok", "(7, 5)")
    assert house.now() == house.after


# --- S3 falters ---------------------------------------------------------------------------------------------


@dataclass
class Faltering:
    """An S3 that answers each request with an error so many times before it lets one through to moto."""

    url: str
    times: int
    status: int
    asked: Counter  # each method and path


@pytest.fixture
def s3(house, start, monkeypatch) -> Iterator[Faltering]:
    """A real server before moto, by which all of S3 is called."""
    moto = urlsplit(services.aws(house.settings.local_dir)).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer, sent in two parts, takes 40 ms

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = f"{self.command} {self.path}"
            is_s3 = "/s3/" in self.headers.get("Authorization", "")
            if is_s3:
                s3.asked[asked] += 1
            if is_s3 and s3.asked[asked] % (s3.times + 1):
                code = {503: "SlowDown", 500: "InternalError"}[s3.status]
                said = f"<Error><Code>{code}</Code><Message>Please try again.</Message></Error>".encode()
                self.give(s3.status, {"Content-Type": "application/xml"}, said)
                return
            with closing(HTTPConnection(moto)) as passed:
                passed.request(self.command, self.path, body, dict(self.headers))
                answer = passed.getresponse()
                self.give(answer.status, dict(answer.headers), answer.read())

        def give(self, status: int, headers: dict, body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        s3 = Faltering(f"http://127.0.0.1:{proxy.server_port}", 0, 503, Counter())
        threading.Thread(target=proxy.serve_forever, args=[0.05], daemon=True).start()
        monkeypatch.setattr(services, "aws", lambda folder: s3.url)
        yield s3
        proxy.shutdown()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The seconds that botocore waits before it tries again, which nobody waits here."""
    found = []
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(sleep=found.append, time=time.time))
    return found


@pytest.mark.parametrize("status", [503, 500])
def test_s3_is_asked_again_while_it_falters_and_the_load_passes(house, s3, waits, status):
    s3.times, s3.status = 2, status
    with closing(house.connect()) as connection:
        etl.run(connection, house.settings, house.cluster.role_arn)
    assert house.now() == house.after
    for method in ("PUT", "GET", "POST"):  # the manifests are written, read and deleted
        again = [times for asked, times in s3.asked.items() if asked.startswith(method)]
        assert again, method
        assert {times % 3 for times in again} == {0}, s3.asked
    assert len(waits) == s3.asked.total() * 2 / 3
    assert all(wait > 0 for wait in waits)


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_s3_is_not_asked_for_ever(house, s3, waits, passes, monkeypatch, status, code):
    s3.times, s3.status = 1_000, status
    with closing(house.connect()) as connection, pytest.raises(aws.AWSError, match=code):
        etl.run(connection, house.settings, house.cluster.role_arn)
    assert len(s3.asked) == 1
    assert 1 < s3.asked.total() < 10
    assert house.now() == house.before
    monkeypatch.undo()
    passes()
