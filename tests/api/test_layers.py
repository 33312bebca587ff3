"""Reference layers over HTTP: listed, paged, boxed; without a key only the public ones."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gridmap.access.service import add_key
from gridmap.app import create_app
from gridmap.db.engine import make_engine, transaction
from gridmap.settings import Settings
from tests.files import write_layer
from tests.importing import CLERK, cell, new_county, run
from tests.postgres import Server
from tests.problems import assert_problem


@pytest.fixture(scope="module")
def served(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client and the headers of a reader."""
    folder, url = tmp_path_factory.mktemp("layers"), server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        new_county(session, folder)
        path = write_layer(folder / "beats.gpkg", [cell(n, 0) for n in range(4)], {"code": [*"ABCD"], "x1": [*"qrst"]})
        run(session, "layer", path, name="beats", title="Beats", public=True)
        run(session, "layer", path, name="hidden")
        key = add_key(session, CLERK, name="reader", role="reader", scope="all")
    engine.dispose()
    with TestClient(create_app(Settings.from_env({}, database_url=url, public_map=True))) as client:
        yield client, {"X-API-Key": key}


Served = tuple[TestClient, dict[str, str]]


def test_without_a_key_only_public_layers_are_told(served: Served) -> None:
    client, headers = served
    names = [layer["name"] for layer in client.get("/api/v1/layers").json()["layers"]]
    assert names == ["beats"]
    all_names = [layer["name"] for layer in client.get("/api/v1/layers", headers=headers).json()["layers"]]
    assert all_names == ["beats", "hidden"]
    for path in ("/api/v1/layers/hidden", "/api/v1/layers/hidden/items", "/api/v1/layers/none"):
        assert_problem(client.get(path), 404, "not_found")
    assert client.get("/api/v1/layers/hidden", headers=headers).status_code == 200


def test_a_layer_says_where_it_is_from(served: Served) -> None:
    client, _ = served
    layer = client.get("/api/v1/layers/beats").json()
    assert (layer["title"], layer["source"], layer["features"], layer["defects"]) == ("Beats", "beats.gpkg", 4, 0)
    assert layer["version"] >= layer["loaded_version"]


def test_items_are_paged_in_the_order_of_the_file(served: Served) -> None:
    client, _ = served
    codes, link = [], "/api/v1/layers/beats/items?limit=3"
    pages = 0
    while link:
        page = client.get(link).json()
        codes += [feature["properties"]["code"] for feature in page["features"]]
        link, pages = page["next"], pages + 1
    assert (codes, pages) == ([*"ABCD"], 2)
    assert page["features"][0]["properties"] == {"code": "D", "name": None, "x1": "t"}
    assert page["features"][0]["geometry"]["type"] == "Polygon"


def test_a_box_narrows_and_nonsense_is_refused(served: Served) -> None:
    client, _ = served
    inside = client.get("/api/v1/layers/beats/items?bbox=103.481,34.501,103.482,34.502").json()
    assert [feature["properties"]["code"] for feature in inside["features"]] == ["A"]
    for query in ("bbox=a,b,c,d", "cursor=abc", "limit=0"):
        assert_problem(client.get(f"/api/v1/layers/beats/items?{query}"), 422, "invalid_input")


def test_the_past_has_no_layers(served: Served) -> None:
    client, _ = served
    assert client.get("/api/v1/layers?at=2020-01-01T00:00:00Z").json()["layers"] == []
