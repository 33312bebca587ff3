"""`gridmap up`, run as a person runs it: a process, its signals, its exit status, and what HTTP says meanwhile."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx2 as httpx
import pytest

from gridmap.db.postmaster import find_postmaster, kill_all, processes
from tests.homes import Up, eventually, found, gridmap, kill_each, up
from tests.postgres import Server

pytestmark = pytest.mark.xdist_group("commands")
INSERT = "INSERT INTO dataset_version (version, actor, summary) VALUES (1, 'test', 'test')"


def test_killed_outright_it_leaves_no_worker_and_loses_nothing(home: Path) -> None:
    with up(home, "--workers", "2") as server:
        _sql(home, INSERT)
        workers = server.workers()
        assert len(workers) == 2
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        assert eventually(lambda: not any(_is_alive(pid) for pid in workers))
        assert server.port_is_free()
        orphan = find_postmaster(found(home).data)
        assert orphan is not None
    with up(home, "--port", server.url.rpartition(":")[2]) as second:
        assert second.url == server.url
        assert find_postmaster(found(home).data) == orphan
        assert second.get("/readyz").json()["version"] == 1
        # Everything at once, and started again.
        kill_each((*second.workers(), *processes(found(home).data), second.process.pid))
    with up(home) as third:
        assert third.get("/readyz").json()["version"] == 1
        _ends(third, signal.SIGTERM)


def test_it_serves_until_told_to_stop_and_refuses_a_second_one_on_its_home_by_number(home: Path) -> None:
    with up(home) as server:
        assert server.said[0] == f"gridmap serves {server.url}\n"
        assert server.get("/healthz").json()["status"] == "ok"
        assert server.get("/readyz").status_code == 200
        refused = gridmap(home, "up", "--port", "0")
        assert refused.returncode == 3
        assert f"process {server.process.pid}" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert server.get("/readyz").status_code == 200
        told = json.loads(gridmap(home, "db", "status", "--json").stdout)
        assert (told["running"], told["served_by"]) == (True, server.process.pid)
        _keeps_out_what_it_rarely_needs(server)
        _ends(server, signal.SIGINT)


def test_a_port_in_use_is_refused_before_any_work(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = gridmap(folder / "home", "up", "--port", str(port))
    assert refused.returncode == 3
    assert f"port {port}" in refused.stderr
    assert not (folder / "home" / "pg").exists()


def test_an_address_of_another_machine_is_refused(folder: Path) -> None:
    refused = gridmap(folder / "home", "up", GRIDMAP_HOST="192.0.2.1")
    assert refused.returncode == 3
    assert "192.0.2.1" in refused.stderr


def test_a_bad_setting_is_a_matter_of_usage(folder: Path) -> None:
    refused = gridmap(folder / "home", "up", GRIDMAP_PROT="8000")
    assert refused.returncode == 2
    assert "GRIDMAP_PROT" in refused.stderr


def test_a_worker_that_dies_is_replaced(home: Path) -> None:
    with up(home) as server:
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        server.read_until("another one takes its place")
        assert eventually(lambda: server.workers() not in ([worker], []))
        assert eventually(lambda: _answers(server))
        _ends(server, signal.SIGHUP)


def test_the_database_dies_comes_back_and_is_restored_under_a_server_that_goes_on(home: Path, folder: Path) -> None:
    with up(home) as server:
        [worker] = server.workers()
        data = found(home).data
        before = find_postmaster(data)
        kill_all(data)
        statuses = {server.get("/readyz").status_code}
        server.read_until("PostgreSQL serves again")
        assert find_postmaster(data) not in {before, None}
        assert eventually(lambda: server.get("/readyz").status_code == 200)
        assert statuses <= {200, 503}
        assert server.workers() == [worker]
        assert gridmap(home, "db", "backup", str(folder / "empty.dump")).returncode == 0
        _sql(home, INSERT)
        assert server.get("/readyz").json()["version"] == 1
        assert gridmap(home, "db", "restore", str(folder / "empty.dump")).returncode == 0
        assert eventually(lambda: server.get("/readyz").json()["version"] == 0)


def test_a_server_of_ones_own_is_used_and_none_is_started(server: Server, folder: Path) -> None:
    url = server.clone("template0")
    try:
        with up(folder / "home", GRIDMAP_DATABASE_URL=url) as serving:
            assert serving.get("/readyz").status_code == 200
            assert not (folder / "home" / "pg").exists()
            assert serving.end(signal.SIGTERM) == 0
    finally:
        server.drop(url)


def test_a_server_that_is_not_there_is_told_in_a_line(folder: Path) -> None:
    refused = gridmap(folder, "up", "--port", "0", GRIDMAP_DATABASE_URL="postgresql://x@/x?host=/nowhere")
    assert refused.returncode == 3
    assert "database can't be reached" in refused.stderr
    assert "no snapshot to go on with" in refused.stderr
    assert "Traceback" not in refused.stderr


def _ends(server: Up, number: int) -> None:
    """Told to stop it goes in order, and leaves neither its port nor its cluster in use."""
    assert server.end(number) == 0
    assert server.port_is_free()
    assert processes(found(server.home).data) == []


def _keeps_out_what_it_rarely_needs(server: Up) -> None:
    """Two seconds of start and 120 MB of every worker: imported when first needed, and pandas never."""
    [worker] = server.workers()
    mapped = Path(f"/proc/{worker}/maps").read_text()
    assert "/pyarrow/" in mapped
    assert [name for name in ("pandas", "pyogrio", "scipy/spatial", "ortools") if f"/{name}/" in mapped] == []


def _sql(home: Path, statement: str) -> None:
    url = gridmap(home, "db", "url").stdout.strip()
    subprocess.run(["psql", url, "-c", statement], check=True, capture_output=True, cwd="/")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _answers(server: Up) -> bool:
    try:
        return server.get("/healthz").status_code == 200
    except httpx.TimeoutException:  # the new worker is still starting
        return False
