"""`gridmap up --demo` from nothing to an answer, and again after everything was killed."""

import json
import signal
from pathlib import Path

import pytest

from gridmap.db.engine import transaction
from gridmap.db.opening import open_database
from gridmap.db.postmaster import processes
from gridmap.demo.places import load_places
from tests.county import COUNTY, small_county
from tests.homes import Up, found, gridmap, kill_each, settings_for, up

pytestmark = pytest.mark.xdist_group("commands")
ZHUONI = {
    "townships": 15, "villages": 100, "grids": 488, "groups": 1049, "buildings": 27_000,
    "households": 27_000, "persons": 98_000, "officers": 9_300,
}  # fmt: skip


def test_from_nothing_to_a_county_and_again_after_kill_9(folder: Path) -> None:
    home = folder / "首次 start"
    with up(home, "--demo") as server:
        before = _counts(server)
        assert {key: before[key] for key in ZHUONI} == ZHUONI
        assert before["addresses"] >= 31_000
        _every_seat_lies_in_its_own_township(server)
        _the_login_is_told_and_kept(server, home)
        _the_shell_says_what_http_says(server, home)
        kill_each((server.process.pid, *server.workers(), *processes(found(home).data)))
    with up(home, "--demo") as second:
        assert _counts(second) == before
        assert not any("drawing the map" in line for line in second.said)
        second.read_until("login and key are in")
        assert str(home / "first-login.json") in second.said[-1]
        assert second.end(signal.SIGTERM) == 0


def test_a_map_can_be_kept_closed_even_with_the_demo_which_is_loaded_beside_nothing(home: Path) -> None:
    with open_database(settings_for(home)) as database, transaction(database.engine) as session:
        small_county(session)
    with up(home, "--demo", GRIDMAP_PUBLIC_MAP="false") as server:
        assert server.get(f"/api/v1/divisions/{COUNTY}").status_code == 401
        key = json.loads((home / "first-login.json").read_text())["key"]
        assert server.get(f"/api/v1/divisions/{COUNTY}", key=key).status_code == 200
        assert server.get("/api/v1/divisions/623022", key=key).status_code == 404


def _counts(server: Up) -> dict[str, int]:
    counts: dict[str, int] = server.get("/api/v1/divisions/623022").json()["counts"]
    return counts


def _every_seat_lies_in_its_own_township(server: Up) -> None:
    seats = [seat for seat in load_places().seats if seat.township.startswith("623022")]
    assert len(seats) == 15
    for seat in seats:
        answer = server.get(f"/api/v1/locate?lon={seat.lon}&lat={seat.lat}").json()
        assert [d["code"] for d in answer["divisions"] if d["level"] == "township"] == [seat.township]
        assert answer["grid"]["code"].startswith(seat.township)


def _the_login_is_told_and_kept(server: Up, home: Path) -> None:
    kept = home / "first-login.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    login = json.loads(kept.read_text())
    server.read_until(login["key"])
    assert any(login["password"] in line for line in server.said)
    officer = server.get("/api/v1/officers/P62302200000001", key=login["key"])
    assert officer.status_code == 200
    assert officer.json()["phone"].startswith("100****")
    assert server.get("/api/v1/officers/P62302200000001").status_code == 401


def _the_shell_says_what_http_says(server: Up, home: Path) -> None:
    said = gridmap(home, "locate", "103.507", "34.589", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == server.get("/api/v1/locate?lon=103.507&lat=34.589").json()
