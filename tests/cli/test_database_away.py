"""The database dies under two workers: what is not personal goes on being told, by right, and catches up by itself."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy import text

from gridmap.access import service
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import make_engine, transaction
from gridmap.db.versions import raise_version
from gridmap.grids.layers.service import Feature, replace_layer
from gridmap.snapshot.catch_up import catch_up
from tests import homes
from tests.county import COUNTY, NORTH_EAST, NORTH_WEST, TOWNSHIP, WEST, at, record_id, small_county, square
from tests.homes import Up, eventually, gridmap, kill_each, up
from tests.mvt import read_tile
from tests.postgres import Server, running_server

pytestmark = pytest.mark.xdist_group("commands")
ADMIN = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))


class Installation:
    """A server of its own that can be killed, with the small county, a layer and some keys."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.clone()
        self.engine = make_engine(self.url)
        with transaction(self.engine) as session:
            small_county(session)
            version = raise_version(session, "test", "a layer")
            items = [Feature(1, "B1", "一区", {}, square(NORTH_WEST))]
            replace_layer(session, "beats", items, title="警区", public=False, source="t", defects=0, version=version)
        self.everything, self.west, self.revoked = self.key("all"), self.key(WEST), self.key(COUNTY)
        with transaction(self.engine) as session:
            service.revoke_key(session, ADMIN, name=COUNTY, now=session.scalar(text("SELECT now()")))

    def key(self, scope: str) -> str:
        with transaction(self.engine) as session:
            role = "commander" if scope == "all" else "reader"
            return service.add_key(session, ADMIN, name=scope, role=role, scope=scope)

    def rename(self, name: str) -> int:
        """Publishes another name of the north-western grid."""
        with transaction(self.engine) as session:
            version = raise_version(session, "test", name)
            session.execute(
                text(
                    "WITH old AS (UPDATE grid_version SET valid_to = d.published_at, version_to = d.version"
                    " FROM dataset_version d WHERE d.version = :version AND code = :code AND valid_to IS NULL"
                    " RETURNING grid_version.*, d.published_at, d.version AS new)"
                    " INSERT INTO grid_version (county_code, code, name, kind, geometry, valid_from, version_from)"
                    " SELECT county_code, code, :name, kind, geometry, published_at, new FROM old"
                ),
                {"version": version, "code": NORTH_WEST, "name": name},
            )
        return version


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_server() as server:
        server.make_template()
        made = Installation(server)
        yield made
        made.engine.dispose()


def locate(lon: float, lat: float, more: str = "") -> str:
    return f"/api/v1/locate?lon={lon}&lat={lat}{more}"


@pytest.fixture(scope="module")
def serving(installation: Installation) -> Iterator[Up]:
    """Two workers, which start while the database is there."""
    with (
        homes.scratch_folder() as folder,
        up(folder / "home", "--workers", "2", GRIDMAP_DATABASE_URL=installation.url) as server,
    ):
        yield server


def test_the_map_goes_on_and_comes_back(installation: Installation, serving: Up) -> None:
    server, home = serving, serving.home
    copy = home / "snapshot" / "keys.json"
    assert eventually(lambda: copy.exists() and (home / "snapshot" / "manifest.json").exists())
    assert copy.stat().st_mode & 0o777 == 0o600
    assert installation.everything not in copy.read_text()
    _leaves_no_transaction_open(installation)
    installation.server.stop()
    try:
        _goes_on(server, installation)
        _shows_the_map(server, installation)
        _keeps_rights(server, installation)
        _says_so(server)
        offline = gridmap(home, "locate", *map(repr, at(NORTH_WEST)), GRIDMAP_DATABASE_URL=installation.url)
        assert (offline.returncode, offline.stdout.splitlines()[0]) == (0, f"{NORTH_WEST} 西北")
        assert "Going on with the snapshot, version 2" in offline.stderr
    finally:
        installation.server.start()
    assert eventually(lambda: server.get("/readyz").json()["status"] == "ready")
    version = installation.rename("新名")
    for _ in range(8):
        url = locate(*at(NORTH_WEST), f"&min_version={version}")
        answer = server.get(url, key=installation.everything).json()
        assert (answer["version"], answer["grid"]["name"]) == (version, "新名")
    # Each worker finds out for itself, in a second or so.
    assert eventually(lambda: "gridmap_degraded 0.0" in server.get("/metrics", key=installation.everything).text)


def _leaves_no_transaction_open(installation: Installation) -> None:
    """Of an idle server no connection stays in a transaction: it would hold back what the database may forget."""
    # Those that began before the question; each has ended some moments later.
    begun = "SELECT array_agg((pid, xact_start)::text) FROM pg_stat_activity WHERE datname = current_database()"
    begun += " AND application_name LIKE 'gridmap%' AND xact_start < now() AND pid <> pg_backend_pid()"
    with transaction(installation.engine) as session:
        first = set(session.scalar(text(begun)) or [])

    def ended() -> bool:
        with transaction(installation.engine) as session:
            return not first & set(session.scalar(text(begun)) or [])

    assert eventually(ended)


def _goes_on(server: Up, installation: Installation) -> None:
    """From the first request on, in both workers, nothing that is told without a database is refused."""
    everything = installation.everything
    for _ in range(6):
        answer = server.get(locate(*at(NORTH_WEST, 0.25, 0.75)), key=everything)
        assert (answer.status_code, answer.json()["grid"]["code"]) == (200, NORTH_WEST), answer.text
        assert answer.json()["group"]["code"] == NORTH_WEST + "01"
        assert answer.json()["version"] == 2
    for path in (
        locate(103.4, 34.5), locate(*at(NORTH_WEST), "&accuracy=50&include=boundary,layers"),
        "/api/v1/divisions", f"/api/v1/divisions/{TOWNSHIP}?include=outline", f"/api/v1/divisions/{COUNTY}/children",
        "/api/v1/grids?bbox=103.5,34.5,103.52,34.52", f"/api/v1/grids?within={WEST}", f"/api/v1/grids/{NORTH_WEST}",
        "/api/v1/layers", "/api/v1/layers/beats", "/api/v1/layers/beats/items",
    ):  # fmt: skip
        told = server.get(path, key=everything)
        assert told.status_code == 200, f"{path}: {told.text}"
        assert told.json()["version"] == 2
    grid = server.get(f"/api/v1/grids/{NORTH_WEST}", key=everything).json()
    assert (grid["properties"]["name"], grid["properties"]["households"]) == ("西北", None)
    assert grid["properties"]["area_m2"] > 1e6
    counts = server.get(f"/api/v1/divisions/{COUNTY}", key=everything).json()["counts"]
    assert (counts["grids"], counts["groups"], counts["villages"], counts["households"]) == (4, 4, 2, None)
    door = server.get(locate(*at(NORTH_WEST, 0.25, 0.75), "&include=address"), key=everything).json()["address"]
    assert (door["code"], door["distance_m"]) == (record_id("A", 1), pytest.approx(72, abs=1))
    layers = server.get(locate(*at(NORTH_WEST), "&include=layers"), key=everything).json()["layers"]
    assert layers == [{"layer": "beats", "code": "B1", "name": "一区", "on_boundary": False}]
    many = httpx.post(
        f"{server.url}/api/v1/locate", json={"points": [at(NORTH_WEST), at(NORTH_EAST), (0, 0)]},
        headers={"X-API-Key": everything}, trust_env=False, timeout=60,
    )  # fmt: skip
    assert many.json() == {
        "version": 2, "codes": [NORTH_WEST, NORTH_EAST, None], "status": ["ok", "ok", "outside"],
    }  # fmt: skip


def _shows_the_map(server: Up, installation: Installation) -> None:
    """Tiles, the pages of the map and what they draw, the snapshot's version on the page, and nothing of persons."""
    everything = installation.everything
    assert server.get("/tiles/grids.json", key=everything).json()["dataset_version"] == 2
    for layer, most in (("grids", 4), ("divisions", 6), ("beats", 1)):
        tile = server.get(f"/tiles/{layer}/11/1612/814.mvt", key=everything)
        assert (tile.status_code, len(read_tile(tile.content, layer))) == (200, most)
    assert server.get("/tiles/beats.json").status_code == 401
    for path in ("/", "/map", f"/map?within={WEST}"):
        page = server.get(path, key=everything)
        assert page.status_code == 200, page.text
        assert 'data-state="snapshot"' in page.text
        assert "地图取自快照，版本 2" in page.text
    drawn = server.get(f"/map-data/{COUNTY}.json", key=everything).json()
    assert (drawn["version"], len(drawn["objects"]["grid"]["geometries"])) == (2, 4)
    assert [len(drawn["objects"][name]["geometries"]) for name in ("county", "township", "village")] == [1, 1, 2]
    assert {group["id"] for group in drawn["objects"]["group"]["geometries"]} == {
        NORTH_WEST + "01", NORTH_WEST + "02", NORTH_EAST + "01", WEST + "00201",
    }  # fmt: skip
    assert not {"households", "persons"} & drawn["objects"]["grid"]["geometries"][0]["properties"].keys()
    west = server.get(f"/map-data/{COUNTY}.json", key=installation.west).json()
    assert {grid["id"][:12] for grid in west["objects"]["grid"]["geometries"]} == {WEST}
    assert server.get(f"/map-data/{WEST[:-1]}1.json", key=installation.west).status_code == 403
    assert server.get(f"/map-data/{COUNTY}.json").status_code == 401


def _keeps_rights(server: Up, installation: Installation) -> None:
    place = locate(*at(NORTH_WEST))
    assert server.get(place).status_code == 401
    assert server.get(place, key="gm_nobody").status_code == 401
    assert server.get(place, key=installation.revoked).status_code == 401
    assert server.get(place, key=installation.west).json()["grid"]["code"] == NORTH_WEST
    assert server.get(locate(*at(NORTH_EAST)), key=installation.west).json()["outside_scope"] is True
    assert server.get(f"/api/v1/grids/{NORTH_EAST}", key=installation.west).status_code == 403
    for path in (
        f"/api/v1/grids/{NORTH_WEST}/households", f"/api/v1/households/{record_id('H', 1)}",
        f"{place}&include=officers", f"{place}&at=2019-01-01T00:00:00Z",
        f"/api/v1/grids/{NORTH_WEST}/history", "/api/v1/grids?at=2026-01-01T00:00:00Z",
    ):  # fmt: skip
        refused = server.get(path, key=installation.everything)
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable"), path
        assert int(refused.headers["retry-after"]) >= 1
    assert server.get(f"{place}&min_version=99", key=installation.everything).status_code == 503


def _says_so(server: Up) -> None:
    ready = server.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["version"]) == (200, "degraded", 2)
    assert ready.json()["since"] is not None
    page = server.get("/login").text
    assert 'data-state="snapshot"' in page
    assert "版本 2" in page


def test_fifty_clients_during_a_hundred_publishes(installation: Installation, serving: Up) -> None:
    """Never an error, never an old version behind `min_version`, never a name of another version than is told."""
    names: dict[int, str] = {}
    wrong: list[str] = []
    over = threading.Event()

    def ask(url: str) -> None:
        headers = {"X-API-Key": installation.everything}
        with httpx.Client(trust_env=False, timeout=30, headers=headers, verify=False) as client:
            while not over.wait(1.0):
                wanted = max(names)
                answer = client.get(f"{url}{locate(*at(NORTH_WEST), f'&min_version={wanted}')}")
                plain = client.get(f"{url}{locate(*at(NORTH_WEST))}")
                for told in (answer, plain):
                    body = told.json()
                    if told.status_code != 200 or body["grid"]["name"] != names.get(
                        body["version"], body["grid"]["name"]
                    ):
                        wrong.append(told.text)
                if answer.status_code == 200 and answer.json()["version"] < wanted:
                    wrong.append(f"{wanted} was asked for: {answer.text}")

    def publish(name: str) -> None:
        """As a command does: it returns when every worker can read it."""
        version = installation.rename(name)
        catch_up(installation.engine, serving.home / "snapshot")
        names[version] = name

    publish("第0版")
    clients = [threading.Thread(target=ask, args=(serving.url,)) for _ in range(50)]
    for client in clients:
        client.start()
    for number in range(1, 101):
        publish(f"第{number}版")
    over.set()
    for client in clients:
        client.join()
    assert wrong == []
    kept = json.loads(gridmap(serving.home, "snapshot", "info", "--json").stdout)
    assert kept["files"] < 40


def test_a_start_without_its_database(installation: Installation, folder: Path) -> None:
    """It serves what there is a snapshot of, counts in both workers, and takes the database in when that is back."""
    home = folder / "home"
    version = catch_up(installation.engine, home / "snapshot").version
    installation.server.stop()
    try:
        settings = {"GRIDMAP_DATABASE_URL": installation.url, "GRIDMAP_PUBLIC_MAP": "true"}
        with up(home, "--workers", "2", **settings) as server:
            assert any(f"from the snapshot, version {version}" in line for line in server.said)
            assert server.get("/readyz").json()["status"] == "degraded"
            assert f"地图取自快照，版本 {version}" in server.get("/").text
            assert server.get("/tiles/grids/11/1612/814.mvt").status_code == 200
            assert server.get("/login").status_code == 200
            installation.server.start()
            server.read_until("The database is back.")
            assert eventually(lambda: server.get("/readyz").json()["status"] == "ready")
            _counts_for_all_workers(server, installation)
            newer = installation.rename("回来")
            url = locate(*at(NORTH_WEST), f"&min_version={newer}")
            assert server.get(url).json()["grid"]["name"] == "回来"
    finally:
        with suppress(RuntimeError):  # it runs already
            installation.server.start()


def _counts_for_all_workers(server: Up, installation: Installation) -> None:
    """Whichever worker is asked tells what all have answered, those that have died too."""
    asked = 0

    def count() -> set[float]:
        texts = [server.get("/metrics", key=installation.everything).text for _ in range(6)]
        line = 'gridmap_http_requests_total{method="GET",route="/api/v1/locate",status="200"} '
        return {float(text.partition(line)[2].partition("\n")[0] or 0) for text in texts}

    def both_have_answered() -> bool:
        nonlocal asked
        asked += 1
        assert server.get(locate(*at(NORTH_WEST))).status_code == 200
        counted = [b"/api/v1/locate" in path.read_bytes() for path in (server.home / "metrics").glob("*.counts")]
        return counted == [True, True]

    assert eventually(both_have_answered)
    assert count() == {asked}
    before = server.workers()
    kill_each(before[:1])
    server.read_until("another one takes its place")
    assert eventually(lambda: len(server.workers()) == 2 and server.get("/healthz").status_code == 200)
    assert server.get(locate(*at(NORTH_WEST))).status_code == 200
    assert count() == {asked + 1}


def test_many_machines_locate_in_the_past(installation: Installation, folder: Path) -> None:
    """From a version that is kept, and from PostGIS for one that is not: as this machine alone would."""
    kept = catch_up(installation.engine, folder / "home" / "snapshot")
    installation.rename("后来")
    source = folder / "in.csv"
    source.write_text("".join(["lon,lat\n", *(f"{lon},{lat}\n" for lon, lat in (at(NORTH_WEST), at(NORTH_EAST)))]))
    assert kept.origin.published_at is not None
    for instant, status, version in (
        (kept.origin.published_at.isoformat(), "ok", kept.version),
        ("2019-01-01T00:00:00+08:00", "outside", kept.version + 1),
    ):
        for engine in ((), ("--engine", "dask")):
            out = folder / f"out{len(engine)}.csv"
            arguments = ("locate", "--file", str(source), "--out", str(out), "--at", instant, *engine, "--json")
            done = gridmap(folder / "home", *arguments, GRIDMAP_DATABASE_URL=installation.url)
            assert done.returncode == 0, done.stderr
            told = json.loads(done.stdout)
            assert (told["version"], told["status"][status]) == (version, 2)
        assert (folder / "out0.csv").read_text() == (folder / "out2.csv").read_text()
        assert len(json.loads((folder / "out2.csv.manifest.json").read_text())["parts"]) == 1
