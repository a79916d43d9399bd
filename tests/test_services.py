"""The stand-in's servers start on demand, are shared, survive their starters and every stale file, and stop."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from botocore.exceptions import ClientError
from conftest import state_folder

from redjam import aws, config, infrastructure, local
from redjam.local import postgres, processes, services


@pytest.fixture
def folder():
    """A state folder whose path has what breaks shells and Unix sockets: blanks, quotes, and its length."""
    with state_folder('it\'s a "$HOME" folder/' + "long" * 30) as folder:
        yield folder


@pytest.fixture(scope="module")
def made():
    """A state folder with Postgres' data, which take longer to make than to copy."""
    with state_folder("made") as folder:
        ask(folder)
        services.stop(folder)
        yield folder


@pytest.fixture
def data(folder, made):
    """Postgres' data in the state folder: for what is not about how they are made."""
    folder.mkdir(parents=True)
    for name in ("postgres", "postgres.password"):
        subprocess.run(["cp", "-a", made / name, folder], check=True)  # root's Postgres is another user


def ask(folder: Path, query: str = "SELECT 1", **options):
    connection = postgres.connect(folder, **options)
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        answer = cursor.fetchone()[0] if cursor.description else None
    connection.close()
    return answer


def pid(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def test_servers_start_once_and_are_found_again(folder):
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    first, url = pid(folder), services.aws(folder)
    code = "import sys, pathlib; from redjam.local import postgres, services; f = pathlib.Path(sys.argv[1]);"
    code += "postgres.connect(f).close(); print(services.aws(f))"
    other = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert (pid(folder), other.stdout.strip()) == (first, url)
    assert [state for _, state in services.status(folder)] != ["stopped", "stopped"]
    assert services.stop(folder) == ["AWS (moto)", "Postgres"]
    assert services.status(folder) == [("Postgres", "stopped"), ("AWS (moto)", "stopped")]
    assert services.stop(folder) == []
    assert ask(folder, "SELECT n FROM kept") == 7


def moto_pid(folder: Path) -> int:
    return int((folder / "aws.pid").read_text().split()[0])


def motos(folder: Path) -> list[int]:
    """Every moto that serves this folder, known or not."""
    commands = {process.pid: process.info["cmdline"] or () for process in psutil.process_iter(["cmdline"])}
    return [pid for pid, command in commands.items() if {"redjam.local.aws", str(folder)} <= set(command)]


def until(condition):
    """Wait for what another process does; gives what it gave."""
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("a minute has passed")


@pytest.mark.usefixtures("data")
def test_a_folder_under_another_name_has_the_same_servers(folder):
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    first, url = pid(folder), services.aws(folder)
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert ask(link, "SELECT n FROM kept") == 7
    assert (pid(folder), services.aws(link)) == (first, url)
    assert services.stop(link) == ["AWS (moto)", "Postgres"]
    assert not psutil.pid_exists(first) or processes.ended(psutil.Process(first))


@pytest.mark.usefixtures("data")
def test_servers_hold_no_lock_of_the_process_that_started_them(folder):
    ask(folder)
    services.aws(folder)
    for number in (pid(folder), moto_pid(folder)):
        held = {Path(file.path).name for file in psutil.Process(number).open_files()}
        assert "lock" not in held
    # The starter dies with the lock in its hands and leaves a server behind.
    code = "import os, sys, pathlib; from redjam.local import processes; folder = pathlib.Path(sys.argv[1])\n"
    code += "with processes.lock(folder):\n    print(processes.spawn(['sleep', '600'], folder / 'log').pid, flush=True)"
    code += "\n    os.kill(os.getpid(), 9)"
    starter = subprocess.run([sys.executable, "-c", code, folder], check=False, capture_output=True, text=True)
    left = psutil.Process(int(starter.stdout))
    assert starter.returncode == -signal.SIGKILL
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    processes.end(left, signal.SIGKILL)


def test_a_server_ends_though_its_starter_lives_on(folder):
    """A notebook's kernel: until it asks after its child, that is a zombie."""
    code = "import sys, pathlib; from redjam.local import services; services.aws(pathlib.Path(sys.argv[1]))\n"
    code += "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        starter.stdout.readline()
        assert services.stop(folder) == ["AWS (moto)"]
        assert services.status(folder)[1] == ("AWS (moto)", "stopped")
        starter.communicate(b"\n")


def test_an_interrupted_start_leaves_no_server_behind(folder):
    code = "import sys, pathlib; from redjam.local import services; services.aws(pathlib.Path(sys.argv[1]))"
    starter = subprocess.Popen([sys.executable, "-c", code, folder], stderr=subprocess.DEVNULL)
    until(lambda: motos(folder))
    starter.send_signal(signal.SIGINT)
    starter.wait()
    assert motos(folder) == []


def test_a_moto_that_does_not_answer_is_ended_before_another_starts(folder, monkeypatch):
    monkeypatch.setattr(services, "ALIVE_SECONDS", 1)
    services.aws(folder)
    first = psutil.Process(moto_pid(folder))
    first.suspend()
    services.aws(folder)
    assert processes.ended(first)
    assert services.status(folder)[1] != ("AWS (moto)", "stopped")


def test_a_second_moto_does_not_write_to_the_journal_of_the_first(folder):
    services.aws(folder)
    command = [sys.executable, "-m", "redjam.local.aws", folder]
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert second.stderr == f"another server for {folder} runs or is just starting; try again\n"


def test_moto_starts_beside_a_users_file_with_the_name_of_a_module(folder, monkeypatch):
    folder.mkdir(parents=True)
    (folder / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(folder)
    assert services.aws(folder).startswith("http://127.0.0.1:")


@pytest.mark.usefixtures("data")
def test_servers_outlive_the_process_that_started_them(folder):
    code = (
        "import sys, pathlib; from redjam.local import postgres, services; postgres.connect(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    started = pid(folder)
    assert ask(folder) == 1
    assert pid(folder) == started


@pytest.mark.usefixtures("data")
def test_a_killed_postgres_comes_back_with_what_was_committed(folder):
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    server = psutil.Process(pid(folder))
    children = server.children()
    server.kill()
    psutil.wait_procs([server, *children], timeout=20)
    assert ask(folder, "SELECT n FROM kept") == 7


WORKER = """
import sys, pathlib
from redjam.local import postgres
with postgres.connect(pathlib.Path(sys.argv[1])) as connection:
    cursor = connection.cursor()
    cursor.execute("LOCK kept; SELECT pg_backend_pid()")
    print(cursor.fetchone()[0], flush=True)
    cursor.execute("UPDATE kept SET n = 8")
    count = "generate_series(1, 100000)"
    cursor.execute(f"SELECT COUNT(*) FROM {count} AS a, {count} AS b, {count} AS c")
"""


@pytest.fixture
def worker(folder, data):
    """A session of another process that holds a lock and is at work: the process, and the backend's number."""
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as client:
        backend = int(client.stdout.readline())
        counts = f"SELECT COUNT(*) FROM pg_stat_activity WHERE pid = {backend} AND query LIKE 'SELECT COUNT%'"
        until(lambda: ask(folder, counts))
        yield client, backend
        client.kill()


@pytest.mark.parametrize("of_all", [False, True])
def test_a_killed_postgres_comes_back_though_a_session_is_at_work(folder, worker, of_all):
    server, backend = psutil.Process(pid(folder)), psutil.Process(worker[1])
    children = server.children()
    assert backend in children
    server.kill()
    for child in children if of_all else []:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    assert ask(folder, "SELECT n FROM kept") == 7
    assert pid(folder) != server.pid
    assert processes.ended(backend)


def test_a_killed_clients_session_ends_and_frees_its_locks(folder, worker):
    client, backend = worker
    client.kill()
    client.wait()
    # Without the check of connections, it would count for years.
    assert ask(folder, "SELECT n FROM kept") == 7
    # A session lets go of its locks a moment before it is gone.
    while ask(folder, f"SELECT COUNT(*) FROM pg_stat_activity WHERE pid = {backend}"):
        time.sleep(0.05)


@pytest.mark.usefixtures("data")
def test_a_stale_pid_file_with_the_number_of_another_process_is_no_obstacle(folder):
    ask(folder)
    lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    services.stop(folder)
    (folder / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (folder / "aws.pid").write_text(f"{os.getpid()} 1")
    assert ask(folder) == 1
    assert services.aws(folder).startswith("http://127.0.0.1:")


def test_a_half_made_data_folder_is_made_anew(folder):
    (folder / "postgres.new" / "base").mkdir(parents=True)
    assert ask(folder) == 1


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("lost", ["postgres.password", "postgres/PG_VERSION"])
def test_damaged_state_is_named_and_kept(folder, lost):
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    services.stop(folder)
    kept = (folder / lost).read_bytes()
    (folder / lost).unlink()
    with pytest.raises(processes.StandInError, match=Path(lost).name):
        ask(folder)
    (folder / lost).write_bytes(kept)
    if os.geteuid() == 0:
        owner = (folder / "postgres").stat()
        os.chown(folder / lost, owner.st_uid, owner.st_gid)
    assert ask(folder, "SELECT n FROM kept") == 7


def test_a_folder_that_cannot_be_is_one_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(processes.StandInError, match=r"\[LOCAL\] DIR .*file"):
        services.aws(tmp_path / "file" / "state")


@pytest.mark.usefixtures("data")
def test_servers_end_when_their_folder_is_removed_and_know_no_aws_keys(folder, monkeypatch):
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "Secret-123")
    ask(folder)
    services.aws(folder)
    servers = [psutil.Process(pid(folder)), psutil.Process(int((folder / "aws.pid").read_text().split()[0]))]
    assert all("Secret-123" not in server.environ().values() for server in servers)
    (folder / "aws.pid").unlink()
    assert psutil.wait_procs(servers[1:], timeout=30)[1] == []


def test_a_killed_initdb_leaves_nothing_that_stands_in_the_way(folder):
    code = "import sys, pathlib; from redjam.local import postgres; postgres.connect(pathlib.Path(sys.argv[1]))"
    starter = subprocess.Popen([sys.executable, "-c", code, folder])
    until(lambda: list(folder.rglob("PG_VERSION")))
    for process in [starter, *psutil.Process(starter.pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    starter.wait()
    assert not (folder / "postgres" / "postmaster.pid").exists(), "initdb was done too soon for this test"
    assert ask(folder) == 1


def test_many_at_once_start_one_server(folder):
    pids = []
    threads = [threading.Thread(target=lambda: pids.append(ask(folder) and pid(folder))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 6
    assert len(set(pids)) == 1


@pytest.mark.usefixtures("data")
def test_two_folders_have_two_servers(folder, servers):
    assert ask(folder, "SHOW data_directory") != ask(servers, "SHOW data_directory")
    assert services.aws(folder) != services.aws(servers)


def test_only_this_machine_and_only_with_the_password(folder):
    assert ask(folder, "SHOW listen_addresses") == "127.0.0.1"
    port = ask(folder, "SHOW port")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host="127.0.0.1", port=port, user="postgres", password="guess", dbname="postgres")
    assert (folder / "postgres.password").stat().st_mode & 0o077 == 0


@pytest.fixture
def settings(folder, tmp_path):
    file = tmp_path / "dwh.cfg"
    file.write_text(f"[CLUSTER]\nTARGET=local\nPASSWORD=Secret-123\n[LOCAL]\nDIR='{folder}'\n")
    (tmp_path / "data").mkdir()
    return config.load(file)


@pytest.mark.usefixtures("data")
def test_what_was_built_outlives_the_servers_but_no_password_and_delete_takes_the_data(settings, folder):
    cluster = infrastructure.build(settings)
    group = infrastructure.inventory(settings)
    (folder / "sample").mkdir()  # no need of the sample here
    connection = local.connect(settings, cluster)
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE kept (n INTEGER)")
    connection.close()
    local.stop(settings)

    for file in folder.rglob("aws*"):
        assert "Secret-123" not in file.read_text()
    assert infrastructure.find_cluster(settings) == cluster
    # But for the bucket: here S3 keeps nothing, and who needs the bucket makes it again.
    assert infrastructure.inventory(settings).equals(group[group["kind"] != "bucket"])
    with local.connect(settings, cluster) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM kept")
        assert cursor.fetchone() == (0,)
    connection.close()

    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty
    cluster = infrastructure.build(settings)
    with local.connect(settings, cluster) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'")
        assert cursor.fetchone() == (0,)
        cursor.execute("CREATE TABLE kept (n INTEGER)")
    connection.close()
    local.stop(settings)

    # The journal has a deletion now, which must drop nothing when it is repeated.
    with local.connect(settings, infrastructure.find_cluster(settings)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM kept")
    connection.close()


def test_the_roles_of_a_cluster_outlive_the_servers(settings):
    first, second, third = (f"arn:aws:iam::123456789012:role/{name}" for name in ("first", "second", "third"))
    cluster = {"ClusterIdentifier": "redjam", "NodeType": "ra3.large", "MasterUsername": "awsuser"}
    redshift = aws.client(settings, "redshift")
    redshift.create_cluster(**cluster, ManageMasterPassword=True, IamRoles=[first, second])
    changed = {"AddIamRoles": [second, third], "RemoveIamRoles": [first]}
    redshift.modify_cluster_iam_roles(ClusterIdentifier="redjam", **changed)
    local.stop(settings)

    (found,) = aws.client(settings, "redshift").describe_clusters()["Clusters"]
    assert [role["IamRoleArn"] for role in found["IamRoles"]] == [second, third]


def test_the_guard_and_a_pause_outlive_the_servers(settings):
    infrastructure.build(settings)
    infrastructure.pause(settings)
    before = infrastructure.inventory(settings)
    assert list(before["state"][:2]) == ["paused", "active"]
    local.stop(settings)
    after = infrastructure.inventory(settings)
    assert after.equals(before[before["kind"] != "bucket"])

    infrastructure.resume(settings)
    local.stop(settings)
    assert infrastructure.find_cluster(settings).status == "available"


@pytest.mark.usefixtures("data")
def test_a_cluster_whose_data_cannot_be_dropped_stays(settings, folder):
    cluster = infrastructure.build(settings)
    (folder / "sample").mkdir()
    local.connect(settings, cluster).close()
    with processes.lock(folder):
        postgres.stop(folder)
    configuration = folder / "postgres" / "postgresql.auto.conf"
    kept = configuration.read_bytes()
    configuration.write_text("nonsense\n")
    with pytest.raises(infrastructure.AWSError, match=r"redjam stays, .*postgres\.log says why: put that right"):
        infrastructure.delete(settings)
    assert infrastructure.find_cluster(settings) == cluster
    services.stop(folder)
    assert infrastructure.find_cluster(settings) == cluster

    configuration.write_bytes(kept)
    # What AWS refuses costs no data either.
    with pytest.raises(ClientError, match="FinalClusterSnapshotIdentifier is required"):
        aws.client(settings, "redshift").delete_cluster(ClusterIdentifier="redjam", SkipFinalClusterSnapshot=False)
    databases = "SELECT COUNT(*) FROM pg_database WHERE datname LIKE 'redjam.dwh%'"
    assert ask(folder, databases) == 1
    infrastructure.delete(settings)
    assert ask(folder, databases) == 0


def test_a_torn_last_line_of_the_journal_is_left_out(settings, folder):
    aws.client(settings, "iam").create_role(RoleName="first", AssumeRolePolicyDocument="{}")
    services.stop(folder)
    with open(folder / "aws.jsonl", "a") as file:
        file.write('{"call": 1, "path": "/", "autho')
    for name in ("second", "third"):
        aws.client(settings, "iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    services.stop(folder)
    names = {role["RoleName"] for role in aws.client(settings, "iam").list_roles()["Roles"]}
    assert names == {"first", "second", "third"}
    assert [json.loads(line)["call"] for line in (folder / "aws.jsonl").read_text().splitlines()] == [0, 1, 2]


def test_a_change_that_no_longer_succeeds_is_logged(settings, folder):
    aws.client(settings, "iam").create_role(RoleName="twice", AssumeRolePolicyDocument="{}")
    services.stop(folder)
    journal = folder / "aws.jsonl"
    journal.write_text(journal.read_text() * 2)
    aws.client(settings, "iam").get_role(RoleName="twice")
    assert "line 2 of aws.jsonl, repeated, gives 409" in (folder / "aws.log").read_text()


def test_ids_stay_the_same_though_others_call_s3_at_the_time(settings):
    s3, ec2 = aws.client(settings, "s3"), aws.client(settings, "ec2")
    s3.create_bucket(Bucket="music", CreateBucketConfiguration={"LocationConstraint": settings.region})
    done = threading.Event()

    def call_s3():
        while not done.is_set():
            s3.put_object(Bucket="music", Key="song", Body=b"{}")

    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(call_s3) for _ in range(3)]
        made = [ec2.create_security_group(GroupName=f"g{n}", Description="d")["GroupId"] for n in range(15)]
        done.set()
    assert not any(call.exception() for call in calls)
    local.stop(settings)
    groups = aws.client(settings, "ec2").describe_security_groups()["SecurityGroups"]
    assert {group["GroupName"]: group["GroupId"] for group in groups}.items() >= {
        (f"g{n}", group) for n, group in enumerate(made)
    }


CALLS = {"iam": "list_roles", "ec2": "describe_vpcs", "redshift": "describe_clusters", "s3": "list_buckets"}


@pytest.mark.parametrize("service", CALLS)
def test_who_has_not_the_key_is_refused(servers, service):
    call = CALLS[service]
    getattr(services.client(servers, service, "us-west-2"), call)()
    other = services._client(services.aws(servers), "testing", service, "us-west-2", 10)
    with pytest.raises(ClientError, match="stand-in answers only") as caught:
        getattr(other, call)()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_nobody_without_the_key_resets_moto_or_reads_the_key(servers):
    url = services.aws(servers)
    for name in ("aws.key", "aws.jsonl"):
        assert (servers / name).stat().st_mode & 0o077 == 0
    with pytest.raises(urllib.error.HTTPError, match="403"):
        services.OPENER.open(urllib.request.Request(f"{url}/moto-api/reset", method="POST"))
