"""The stand-in's servers start on demand, are shared, survive their starters and every stale file, and stop."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import psycopg2
import pytest
from conftest import state_folder

from redjam import aws, config, infrastructure, local
from redjam.local import postgres, services


@pytest.fixture
def folder():
    """A state folder whose path has what breaks shells and Unix sockets: blanks, quotes, and its length."""
    with state_folder('it\'s a "$HOME" folder/' + "long" * 30) as folder:
        yield folder


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


def test_servers_outlive_the_process_that_started_them(folder):
    code = (
        "import sys, pathlib; from redjam.local import postgres, services; postgres.connect(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    started = pid(folder)
    assert ask(folder) == 1
    assert pid(folder) == started


def test_a_killed_postgres_comes_back_with_what_was_committed(folder):
    ask(folder, "CREATE TABLE kept AS SELECT 7 AS n")
    server = psutil.Process(pid(folder))
    children = server.children()
    server.kill()
    psutil.wait_procs([server, *children], timeout=20)
    assert ask(folder, "SELECT n FROM kept") == 7


def test_a_stale_pid_file_with_the_number_of_another_process_is_no_obstacle(folder):
    ask(folder)
    lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    services.stop(folder)
    (folder / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (folder / "aws.pid").write_text(f"{os.getpid()} 1")
    assert ask(folder) == 1
    assert services.aws(folder).startswith("http://127.0.0.1:")


def test_a_half_made_data_folder_is_made_anew(folder):
    (folder / "postgres" / "base").mkdir(parents=True)
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


def test_what_was_built_outlives_the_servers_and_delete_takes_the_data(settings, folder):
    cluster = infrastructure.build(settings)
    group = infrastructure.inventory(settings)
    (folder / "sample").mkdir(parents=True)  # no need of the sample here
    connection = local.connect(settings, cluster)
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE kept (n INTEGER)")
    connection.close()
    local.stop(settings)

    assert infrastructure.find_cluster(settings) == cluster
    assert infrastructure.inventory(settings).equals(group)
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


def test_the_password_of_the_settings_is_not_written_down(settings, folder):
    infrastructure.build(settings)
    services.stop(folder)
    for file in folder.rglob("aws*"):
        assert "Secret-123" not in file.read_text()
    assert infrastructure.find_cluster(settings).identifier == "redjam"
