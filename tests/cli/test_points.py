"""`gridmap locate` and `gridmap convert`, as a shell sees them."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gridmap.app import create_app
from gridmap.db.engine import transaction
from gridmap.geo.crs import Crs, point_from_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.settings import Settings
from tests.cli.shell import Shell
from tests.county import NORTH_WEST, SOUTH_WEST, at, small_county
from tests.postgres import Server


@pytest.fixture(scope="module")
def gridmap(server: Server) -> Iterator[Shell]:
    url = server.clone()
    shell = Shell(url)
    with transaction(shell.engine) as session:
        small_county(session)
    yield shell
    shell.engine.dispose()
    server.drop(url)


def test_the_same_answer_as_over_http(gridmap: Shell) -> None:
    lon, lat = at(NORTH_WEST, 1.0, 0.25)
    told = gridmap("locate", repr(lon), repr(lat), "--json")
    assert told.returncode == 0, told.stderr
    url = gridmap.engine.url.render_as_string(hide_password=False)
    with TestClient(create_app(Settings.from_env({}, database_url=url, public_map=True))) as api:
        assert json.loads(told.stdout) == api.get("/api/v1/locate", params={"lon": lon, "lat": lat}).json()


def test_in_words(gridmap: Shell) -> None:
    lon, lat = at(SOUTH_WEST, 0.5, 1.0)
    lines = gridmap("locate", repr(lon), repr(lat)).stdout.splitlines()
    assert lines[0] == f"{NORTH_WEST} 西北"
    assert lines[1].startswith("试验 99 › 练习 990000 › 小县 990001")
    assert lines[2:] == [f"on a boundary shared by {NORTH_WEST}, {SOUTH_WEST}", "version 1"]


def test_another_system(gridmap: Shell) -> None:
    easting, northing = point_from_lonlat(Crs.parse("EPSG:4544"), LonLat(*at(SOUTH_WEST)))
    told = gridmap("locate", str(easting), str(northing), "--crs", "epsg:4544")
    assert told.stdout.startswith(SOUTH_WEST)


def test_outside(gridmap: Shell) -> None:
    assert "outside every grid; the nearest is" in gridmap("locate", "100", "34").stdout
    assert "there are no grids yet" in gridmap("locate", "100", "34", "--at", "2001-01-01T00:00:00+08:00").stdout


def test_convert_prints_numbers_that_can_be_read_back(gridmap: Shell) -> None:
    x, y = gridmap("convert", "103.507109", "34.589588", "--to", "EPSG:4543").stdout.split()
    assert (float(x), float(y)) == pytest.approx((638270.3432, 3830095.6097), abs=1e-4)
    back = json.loads(gridmap("convert", x, y, "--from", "EPSG:4543", "--json").stdout)
    assert back == pytest.approx([103.507109, 34.589588], abs=1e-10)
    assert gridmap("convert", "-70.5", "-10.25").stdout == "-70.5 -10.25\n"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("locate", "34.589", "103.507"), 1, "swapped"),
        (("locate", "nan", "34"), 1, "lon"),
        (("locate", "103", "34", "--crs", "EPSG:1"), 1, "crs"),
        (("locate", "103", "34", "--at", "gestern"), 1, "at: a time with its offset"),
        (("locate", "103", "34", "--crs", "EPSG:4544"), 1, "look like degrees"),
        (("convert", "103", "34", "--to", "mars"), 1, "--to"),
        (("locate", "103"), 2, "LAT"),
        (("locate", "x", "34"), 2, "LON"),
    ],
)
def test_mistakes_are_named(gridmap: Shell, arguments: tuple[str, ...], status: int, says: str) -> None:
    told = gridmap(*arguments)
    assert (told.returncode, told.stdout) == (status, "")
    assert says in told.stderr


def test_no_database(gridmap: Shell) -> None:
    nowhere = Shell("postgresql://nobody@127.0.0.1:1/none")
    told = nowhere("locate", "103", "34")
    assert told.returncode == 3
    assert "can't be reached" in told.stderr
