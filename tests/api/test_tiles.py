"""Vector tiles over HTTP: TileJSON, what stands in a tile, conditions, keys in the address, and rights."""

import gzip
import re
from collections.abc import Iterator

import pytest
import shapely
from fastapi.testclient import TestClient

from gridmap.db.engine import transaction
from gridmap.db.versions import raise_version
from gridmap.exchange.tiles import sources
from gridmap.grids.layers.service import Feature, replace_layer
from tests.api.keys import PASSWORD, Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, at, square
from tests.homes import eventually
from tests.mvt import read_tile
from tests.postgres import Server
from tests.problems import assert_problem

# All of the small county lies in this tile and the ones above it.
TILE = "11/1612/814"


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        _add_layers(closed)
        yield closed


@pytest.fixture(scope="module")
def public(server: Server) -> Iterator[Closed]:
    with closed_application(server, public_map=True) as public:
        _add_layers(public)
        yield public


def _add_layers(closed: Closed) -> None:
    with transaction(closed.engine) as session:
        version = raise_version(session, "test", "layers")
        road = shapely.LineString([at(NORTH_WEST), at(NORTH_EAST)])
        items = [
            Feature(1, "R1", "公路", {"lanes": 2, "paved": True, "note": None}, road),
            Feature(2, "R2", None, {"parts": ["a"]}, shapely.Point(at(SOUTH_WEST))),
        ]
        for name, is_public in (("roads", True), ("hidden", False)):
            replace_layer(
                session, name, items, title="道路", public=is_public, source="t", defects=0, version=version
            )  # fmt: skip
    follower = closed.app.state.follower
    follower.catch_up()
    # Its own thread may have been at the version before, and be just done with it.
    assert eventually(lambda: follower.snapshot is not None and follower.snapshot.version == version)


def tile(client: TestClient, layer: str, headers: dict[str, str] | None = None) -> dict[str, dict[str, object]]:
    """What stands in the tile of the county: properties by code."""
    answer = client.get(f"/tiles/{layer}/{TILE}.mvt", headers=headers or {})
    assert answer.status_code in {200, 204}, answer.text
    return {} if answer.status_code == 204 else {p["code"]: p for _, p in read_tile(answer.content, layer)}


def test_tilejson_says_where_the_tiles_are(public: Closed) -> None:
    answer = public.client.get("/tiles/grids.json")
    told = answer.json()
    assert (answer.status_code, told["tilejson"], told["scheme"]) == (200, "3.0.0", "xyz")
    assert told["tiles"] == ["http://testserver/tiles/grids/{z}/{x}/{y}.mvt"]
    assert told["bounds"] == pytest.approx([103.5, 34.5, 103.52, 34.52])
    assert (told["minzoom"], told["maxzoom"]) == (0, 16)
    (layer,) = told["vector_layers"]
    assert (layer["id"], set(layer["fields"])) == (
        "grids", {"code", "name", "name_bo", "kind", "village_code", "area_m2"},
    )  # fmt: skip
    assert (told["version"], told["dataset_version"]) == ("2.0.0", 2)
    assert answer.headers["gridmap-version"] == "2"


def test_what_stands_in_a_tile_and_nothing_of_persons(public: Closed) -> None:
    grids = tile(public.client, "grids")
    assert set(grids) == {NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST}
    found = grids[NORTH_WEST]
    assert (found["name"], found["kind"], found["village_code"], found["mvt_id"]) == (
        "西北", "base", WEST, int(NORTH_WEST),
    )  # fmt: skip
    assert set(found) == {"mvt_id", "code", "name", "kind", "village_code", "area_m2"}
    divisions = tile(public.client, "divisions")
    assert [divisions[code]["level"] for code in (COUNTY, TOWNSHIP, WEST, EAST)] == [
        "county", "township", "village", "village",
    ]  # fmt: skip
    assert divisions[WEST]["name_bo"] == "ནུབ་གྲོང་"
    roads = tile(public.client, "roads")
    assert roads["R1"] == {"mvt_id": 1, "code": "R1", "name": "公路", "lanes": 2, "paved": 1}
    assert roads["R2"] == {"mvt_id": 2, "code": "R2", "parts": '["a"]'}


def test_a_grid_covers_its_ground(public: Closed) -> None:
    answer = public.client.get(f"/tiles/grids/{TILE}.mvt")
    shapes = {properties["code"]: shape for shape, properties in read_tile(answer.content, "grids")}
    north_west = shapely.union_all([shapes[NORTH_WEST], shapes[SOUTH_WEST]])
    village = {
        p["code"]: s for s, p in read_tile(public.client.get(f"/tiles/divisions/{TILE}.mvt").content, "divisions")
    }
    assert village[WEST].equals(north_west)
    assert shapes[NORTH_WEST].touches(shapes[NORTH_EAST])


def test_empty_and_impossible_tiles(public: Closed) -> None:
    client = public.client
    empty = client.get("/tiles/grids/11/0/0.mvt")
    assert (empty.status_code, empty.content) == (204, b"")
    assert empty.headers["etag"]
    for path in ("grids/30/0/0.mvt", "grids/3/8/0.mvt", "grids/3/0/8.mvt", "none/3/0/0.mvt", "none.json"):
        problem = assert_problem(client.get(f"/tiles/{path}"), 404, "not_found")
        assert "here " in problem["detail"]
    assert_problem(client.get("/tiles/grids/3/x/0.mvt"), 422, "invalid_input", where="x")
    # A program that knows no least and no greatest zoom asks for all of them.
    assert client.get("/tiles/grids/0/0/0.mvt").status_code in {200, 204}
    assert client.get("/tiles/grids/22/0/0.mvt").status_code == 204


def test_conditions_and_compression(public: Closed) -> None:
    path = f"/tiles/grids/{TILE}.mvt"
    plain = public.client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "content-encoding" not in plain.headers
    squeezed = public.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.content == plain.content
    assert int(squeezed.headers["content-length"]) == len(gzip.compress(plain.content, 6, mtime=0))
    for asked in (path, "/tiles/grids.json", "/tiles/grids/11/0/0.mvt"):
        tag = public.client.get(asked).headers["etag"]
        assert public.client.get(asked, headers={"If-None-Match": tag}).status_code == 304


def test_without_a_key_only_what_is_public(public: Closed, closed: Closed) -> None:
    assert_problem(public.client.get("/tiles/hidden.json"), 404, "not_found")
    assert_problem(public.client.get(f"/tiles/hidden/{TILE}.mvt"), 404, "not_found")
    assert tile(public.client, "hidden", public.key("reader", "all")).keys() == {"R1", "R2"}
    for path in ("grids.json", f"grids/{TILE}.mvt"):
        assert_problem(closed.client.get(f"/tiles/{path}"), 401, "unauthenticated")


def test_a_key_shows_its_scope(closed: Closed) -> None:
    east = closed.key("reader", EAST)
    assert set(tile(closed.client, "grids", east)) == {NORTH_EAST, SOUTH_EAST}
    assert set(tile(closed.client, "divisions", east)) == {EAST}
    assert set(tile(closed.client, "grids", closed.key("reader", SOUTH_WEST))) == {SOUTH_WEST}
    everything = closed.key("reader", "all")
    assert len(tile(closed.client, "grids", everything)) == 4
    bounds = closed.client.get("/tiles/grids.json", headers=east).json()["bounds"]
    assert bounds == pytest.approx([103.51, 34.5, 103.52, 34.52])
    tags = {closed.client.get(f"/tiles/grids/{TILE}.mvt", headers=key).headers["etag"] for key in (east, everything)}
    assert len(tags) == 2


def test_keys_in_the_address_stay_in_the_tiles_address(closed: Closed) -> None:
    key = closed.key("reader", EAST)["Authorization"].removeprefix("Bearer ")
    asked = closed.client.get(f"/tiles/grids.json?key={key}").json()["tiles"][0]
    prefixed = closed.client.get(f"/k/{key}/tiles/grids.json").json()["tiles"][0]
    assert asked.endswith(f"/tiles/grids/{{z}}/{{x}}/{{y}}.mvt?key={key}")
    assert prefixed == f"http://testserver/k/{key}/tiles/grids/{{z}}/{{x}}/{{y}}.mvt"
    for template in (asked, prefixed):
        zoom, column, row = TILE.split("/")
        answer = closed.client.get(template.format(z=zoom, x=column, y=row))
        assert {p["code"] for _, p in read_tile(answer.content, "grids")} == {NORTH_EAST, SOUTH_EAST}


def test_pages_of_other_addresses_show_tiles_but_not_by_our_cookie(closed: Closed) -> None:
    closed.user("viewer", "reader", "all")
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', closed.client.get("/login").text)
    form = {"name": "viewer", "password": PASSWORD, "csrf_token": token}
    assert closed.client.post("/login", data=form, follow_redirects=False).status_code == 303
    path, elsewhere = f"/tiles/grids/{TILE}.mvt", {"Origin": "http://elsewhere"}
    try:
        assert closed.client.get(path).status_code == 200
        refused = closed.client.get(path, headers=elsewhere)
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
        keyed = closed.client.get(path, headers=elsewhere | closed.key("reader", "all"))
        assert (keyed.status_code, keyed.headers["access-control-allow-origin"]) == (200, "*")
        assert closed.client.options(path, headers=elsewhere).status_code == 204
    finally:
        closed.client.cookies.clear()


def test_a_publish_is_seen_in_the_next_tile(closed: Closed) -> None:
    headers = closed.key("reader", "all")
    before = closed.client.get("/tiles/late.json", headers=headers)
    assert before.status_code == 404
    with transaction(closed.engine) as session:
        version = raise_version(session, "test", "late")
        items = [Feature(1, "L1", "晚", {}, square(NORTH_WEST))]
        replace_layer(session, "late", items, title="晚", public=True, source="t", defects=0, version=version)
    closed.app.state.follower.catch_up()
    assert set(tile(closed.client, "late", headers)) == {"L1"}


def test_a_zoom_with_too_many_in_a_tile_is_not_told(closed: Closed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_IN_A_TILE", 2)
    headers = closed.key("reader", "all")
    with transaction(closed.engine) as session:
        raise_version(session, "test", "nothing")
    closed.app.state.follower.catch_up()
    told = closed.client.get("/tiles/grids.json", headers=headers).json()
    assert 11 < told["minzoom"] <= 16
    refused = closed.client.get(f"/tiles/grids/{TILE}.mvt", headers=headers)
    assert f"from zoom {told['minzoom']} on" in assert_problem(refused, 404, "not_found")["detail"]


def test_tiles_are_in_the_description_of_the_interface(public: Closed) -> None:
    assert "/tiles/{layer}/{z}/{x}/{y}.mvt" in public.client.get("/openapi.json").json()["paths"]
