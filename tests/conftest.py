"""Real servers for the tests: one embedded Postgres and one moto a worker, a fresh database a test."""

import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from aws_fixtures import account, load, moto, near_account, no_sleep, own_clients, stand_in, wire  # noqa: F401

from redjam import config, infrastructure, schema, warehouse
from redjam.local import postgres as embedded
from redjam.local import services

_numbers = itertools.count()


@contextmanager
def state_folder(name: str) -> Iterator[Path]:
    """A folder for local servers, which are stopped at the end.

    Not below pytest's own: every pytest that starts shuts that one to all but its owner again, and root's Postgres
    runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="redjam-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent) / name
        yield folder
        services.stop(folder)


@pytest.fixture(scope="session")
def servers() -> Path:
    """A folder with its own Postgres and moto."""
    with state_folder("servers") as folder:
        embedded.connect(folder).close()
        yield folder


@pytest.fixture
def postgres(servers) -> psycopg2.extensions.connection:
    """A plain psycopg2 connection, in autocommit, to a fresh database of the embedded Postgres."""
    name = f"test_{next(_numbers)}"
    admin = embedded.connect(servers)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    connection = embedded.connect(servers, dbname=name)
    connection.autocommit = True
    yield connection
    connection.close()
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(scope="session")
def cluster(servers) -> infrastructure.Cluster:
    """A cluster of the stand-in, built by the same calls as on AWS."""
    file = servers / "dwh.cfg"
    file.write_text(f"[CLUSTER]\nTARGET=local\n[LOCAL]\nDIR={servers}\n")
    return infrastructure.build(config.load(file))


@pytest.fixture
def settings(servers, cluster, tmp_path) -> config.Settings:
    """Settings of the local target for that cluster, with empty folders for events and songs."""
    for folder in ("log-data", "song-data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "log_json_path.json").write_text(JSONPATHS)
    file = tmp_path / "dwh.cfg"
    file.write_text(
        "[CLUSTER]\nTARGET=local\n"
        "[S3]\nLOG_DATA=log-data\nLOG_JSON_PATH=log_json_path.json\nSONG_DATA=song-data\n"
        f"[LOCAL]\nDIR={servers}\n"
    )
    return config.load(file)


@pytest.fixture
def connection(settings, cluster) -> psycopg2.extensions.connection:
    """A connection that speaks Redshift, to the cluster's database with empty tables."""
    connection = warehouse.connect(settings, cluster)
    schema.create(connection, fresh=True)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real logs and songs that REDJAM_REAL_DATA names; without it the test is skipped."""
    folder = os.environ.get("REDJAM_REAL_DATA")
    if not folder:
        pytest.skip("REDJAM_REAL_DATA is not set")
    return Path(folder).resolve()


EVENT = {
    "artist": "Zoë and the Zebras",
    "auth": "Logged In",
    "firstName": "Ada",
    "gender": "F",
    "itemInSession": 0,
    "lastName": "Byron",
    "length": 200.5,
    "level": "free",
    "location": "Eugene, OR",
    "method": "PUT",
    "page": "NextSong",
    "registration": 1540000000796.0,
    "sessionId": 1,
    "song": "First Song",
    "status": 200,
    "ts": 1541121934796,
    "userAgent": '"Mozilla/5.0"',
    "userId": "1",
}
SONG = {
    "num_songs": 1,
    "artist_id": "AR1",
    "artist_latitude": None,
    "artist_longitude": None,
    "artist_location": "",
    "artist_name": "Zoë and the Zebras",
    "song_id": "SO1",
    "title": "First Song",
    "duration": 200.5,
    "year": 0,
}
JSONPATHS = json.dumps({"jsonpaths": [f"$['{key}']" for key in EVENT]})


@pytest.fixture
def put(settings) -> Callable[..., None]:
    """Deliver source files under a name, in place of an earlier delivery of that name; others stay.

    Each event and song is given by what differs from EVENT and SONG.
    """

    def write(events: Iterable[dict] = (), songs: Iterable[dict] = (), name: str = "events") -> None:
        lines = [json.dumps(EVENT | {"itemInSession": number} | event) for number, event in enumerate(events)]
        replace(Path(settings.log_data, f"{name}.json"), "\n".join(lines))
        for number, song in enumerate(songs):
            replace(Path(settings.song_data, f"{name}-{number}.json"), json.dumps(SONG | song))

    return write


def replace(file: Path, text: str) -> None:
    """Write a file, with another time of modification than it had: two writes may fall into one tick of the clock."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    if file.stat().st_mtime_ns <= before:
        os.utime(file, ns=(before + 1, before + 1))
