"""Many points in one call: the same rows back, in their order, with what a single call says of each."""

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from gridmap.access.service import add_key
from gridmap.app import create_app
from gridmap.db.engine import make_engine, transaction
from gridmap.geo.crs import Crs, point_from_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.settings import Settings
from tests.county import EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, at
from tests.files import write_layer
from tests.importing import CLERK, cell, new_county, run
from tests.postgres import Server
from tests.problems import assert_problem

URL = "/api/v1/locate"
ARROW = "application/vnd.apache.arrow.stream"
INSIDE, ON_LINE, OUTSIDE = at(NORTH_WEST, 0.25, 0.75), at(SOUTH_WEST, 0.5, 1.0), at(NORTH_WEST, -1.0, 0.5)


def post_csv(api: TestClient, body: str | bytes, charset: str = "", **params: str) -> str:
    kind = f"text/csv; charset={charset}" if charset else "text/csv"
    data = body if isinstance(body, bytes) else body.encode()
    response = api.post(URL, content=data, params=params, headers={"Content-Type": kind})
    assert response.status_code == 200, response.text
    assert response.headers["gridmap-version"] == "1"
    return response.content.decode(response.headers["content-type"].partition("charset=")[2])


def test_json(api: TestClient) -> None:
    points = [
        INSIDE,
        ON_LINE,
        OUTSIDE,
        [None, 1],
        ["103.5", 34.5],
        [103.5],
        [34.5, 103.5],
        [1e400, 3],
        [103.5, 34.5, 1],
    ]
    answer = api.post(URL, json={"points": [list(p) for p in points[:3]]}).json()
    assert answer == {"version": 1, "codes": [NORTH_WEST, NORTH_WEST, None], "status": ["ok", "boundary", "outside"]}
    text = '{"crs": "wgs84", "points": [[null, 1], ["103.5", 34.5], [103.5], [34.5, 103.5], [1e400, 3], [1, 2, 3], 7]}'
    answer = api.post(URL, content=text, headers={"Content-Type": "application/json"}).json()
    assert answer["status"] == ["invalid"] * 7
    assert answer["codes"] == [None] * 7
    assert api.post(URL, json={"points": []}).json() == {"version": 1, "codes": [], "status": []}


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4544", "EPSG:4523"])
def test_every_crs_means_the_same_place(api: TestClient, crs: str) -> None:
    place = at(SOUTH_EAST, 0.01, 0.01)
    x, y = point_from_lonlat(Crs.parse(crs), LonLat(*place))
    assert api.post(URL, json={"crs": crs, "points": [[x, y]]}).json()["codes"] == [SOUTH_EAST]
    assert post_csv(api, f"lon,lat\n{x!r},{y!r}\n", crs=crs).endswith(f",{SOUTH_EAST},ok\n")


def test_csv_comes_back_as_it_was(api: TestClient) -> None:
    (lon, lat), (lon2, lat2) = INSIDE, ON_LINE
    rows = [
        f'1,"a, ""quoted"" name",{lon!r},{lat!r},',
        f'2,"two\r\nlines",  {lon2!r} ,"{lat2!r}",x',
        "",
        "3,nobody,,,",
        f"4,short,{lon!r},{lat!r}",
        f"5,many,{lon!r},{lat!r},x,one too many",
        f"6,empty,{lon!r},{lat!r},x,,",
        f'7,a "quote" inside,{lon!r},{lat!r},x',
        f"8,exponent,{lon!r}e0,+{lat!r},x",
        f"9,full width,１０３.５,{lat!r},x",
        f"10,far,{OUTSIDE[0]!r},{OUTSIDE[1]!r},x",
        "11,hex,0x67,34.5,x",
        f"12,underscore,10_3.5,{lat!r},x",
        f"13,last,{lon!r},{lat!r},x",
    ]
    answer = post_csv(api, "\r\n".join(["id,名,lon,lat,名", *rows]))
    west = f",{NORTH_WEST},ok"
    expected = [
        "id,名,lon,lat,名,grid_code,grid_status",
        rows[0] + west,
        rows[1] + f",{NORTH_WEST},boundary",
        "",
        rows[3] + ",,invalid",
        rows[4] + "," + west,
        f"5,many,{lon!r},{lat!r},x,,invalid,one too many",
        f"6,empty,{lon!r},{lat!r},x{west},,",
        rows[7] + west,
        rows[8] + west,
        rows[9] + f",{NORTH_WEST},boundary",
        rows[10] + ",,outside",
        rows[11] + ",,invalid",
        rows[12] + ",,invalid",
        rows[13] + west,
    ]
    assert answer.split("\r\n") == "\r\n".join(expected).split("\r\n")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_line_that_names_the_delimiter_to_excel_is_no_header(api: TestClient, mark: str) -> None:
    lon, lat = INSIDE
    body = f"{mark}sep=;\r\nname,full;lon;lat\r\na,b;{lon!r};{lat!r}\r\n"
    above, header, row, rest = post_csv(api, body).split("\r\n")
    assert (above, header, rest) == (f"{mark}sep=;", "name,full;lon;lat;grid_code;grid_status", "")
    assert row == f"a,b;{lon!r};{lat!r};{NORTH_WEST};ok"


def test_columns_that_are_called_as_the_answers_are_keep_their_names(api: TestClient) -> None:
    lon, lat = INSIDE
    told = post_csv(api, f"grid_code,lon,lat,grid_code_2\nold,{lon!r},{lat!r},older\n")
    assert told.splitlines() == [
        "grid_code,lon,lat,grid_code_2,grid_code_3,grid_status", f"old,{lon!r},{lat!r},older,{NORTH_WEST},ok",
    ]  # fmt: skip
    table = pa.table({"lon": [lon], "lat": [lat], "grid_status": ["old"]})
    answer = api.post(URL, content=stream(table), headers={"Content-Type": ARROW}).content
    assert pa.ipc.open_stream(answer).read_all().to_pylist() == [
        {"lon": lon, "lat": lat, "grid_status": "old", "grid_code": NORTH_WEST, "grid_status_2": "ok"}
    ]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('id,lon,lat\n1,1,2\n2,"1,2\n3,1,2\n', 3),
        ('id,lon,lat\n1,1,"2\n"\n2,1,2\n3,1,"2', 5),
        ('id,"lon,lat\n1,1,2\n', 1),
        ('sep=,\nid,lon,lat\n"1,1,2\n', 3),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(api: TestClient, body: str, line: int) -> None:
    problem = assert_problem(
        api.post(URL, content=body.encode(), headers={"Content-Type": "text/csv"}), 422, "invalid_input"
    )
    assert f"line {line}: a quote" in problem["detail"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encodings_and_delimiters(api: TestClient, encoding: str, mark: str) -> None:
    lon, lat = INSIDE
    text = mark.join(["经度", "纬度", "地址"]) + "\n" + mark.join([f"{lon!r}", f"{lat!r}", "卓尼县木耳镇"]) + "\n"
    answer = api.post(
        URL, content=text.encode(encoding), params={"x": "经度", "y": "纬度"}, headers={"Content-Type": "text/csv"}
    ).content
    head, row, rest = answer.split(b"\n")
    assert rest == b""
    assert head == text.encode(encoding).split(b"\n")[0] + f"{mark}grid_code{mark}grid_status".encode()
    assert row == text.encode(encoding).split(b"\n")[1] + f"{mark}{NORTH_WEST}{mark}ok".encode()


@pytest.mark.parametrize(
    ("body", "params", "where"),
    [
        (b"", {}, "header"),
        (b"\n1,2\n", {}, "header"),
        (b"x,y\n1,2\n", {}, "x"),
        (b"lon,y\n1,2\n", {}, "y"),
        (b"lon,lon,lat\n1,1,2\n", {}, "x"),
        (b"lon,lat\n1,2\n", {"x": "lat"}, "y"),
        (b"lon,lat\n1,2\n", {"crs": "mars"}, "crs"),
        (b"lon,lat\n1,2\n", {"at": "yesterday"}, "at"),
        ("lon,lat\n1,2\n".encode("utf-16"), {}, "charset"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused_at_once(
    api: TestClient, body: bytes, params: dict[str, str], where: str
) -> None:
    response = api.post(URL, content=body, params=params, headers={"Content-Type": "text/csv"})
    assert_problem(response, 422, "invalid_input", where=where)


def test_what_is_not_read_here(api: TestClient) -> None:
    assert_problem(api.post(URL, content=b"x", headers={"Content-Type": "text/plain"}), 415, "unknown_media_type")
    for body, where in (("[]", "body"), ("{", "body"), ('{"points": 7}', "points"), ('{"points": [], "z": 1}', "z")):
        response = api.post(URL, content=body, headers={"Content-Type": "application/json"})
        assert_problem(response, 422, "invalid_input", where=where)
    assert_problem(api.post(URL, content=b"PAR1", headers={"Content-Type": ARROW}), 422, "invalid_input", where="body")


def stream(table: pa.Table, rows: int = 3, **options: object) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


@pytest.mark.parametrize("compression", [None, "lz4"])
def test_arrow_comes_back_as_it_was(api: TestClient, compression: str | None) -> None:
    lon, lat = zip(INSIDE, ON_LINE, OUTSIDE, (None, 34.5), (float("nan"), 34.5), (200.0, 34.5), INSIDE, strict=True)
    words = pa.array(["木", None, "耳", "木", "镇", "木", "x"]).dictionary_encode()
    table = pa.table(
        {"word": words, "lat": lat, "lon": lon, "id": range(7), "list": [[1], [], None, [2, 3], [], [], []]}
    )
    table = table.replace_schema_metadata({"who": "us"})
    sent = stream(table, compression=compression)
    response = api.post(URL, content=sent, headers={"Content-Type": ARROW})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == ARROW
    found = pa.ipc.open_stream(response.content).read_all()
    # As text, for NaN is not equal to itself.
    assert str(found.drop(["grid_code", "grid_status"]).to_pylist()) == str(table.to_pylist())
    assert found.schema.field("word").type == table.schema.field("word").type
    assert found.schema.metadata == {b"who": b"us"}
    assert found["grid_code"].to_pylist() == [NORTH_WEST, NORTH_WEST, None, None, None, None, NORTH_WEST]
    assert found["grid_status"].to_pylist() == ["ok", "boundary", "outside", "invalid", "invalid", "invalid", "ok"]


def test_arrow_without_the_columns(api: TestClient) -> None:
    def refused(table: pa.Table, where: str) -> None:
        response = api.post(URL, content=stream(table), headers={"Content-Type": ARROW})
        assert_problem(response, 422, "invalid_input", where=where)

    refused(pa.table({"x": [1.0], "lat": [2.0]}), "x")
    refused(pa.table({"lon": ["103"], "lat": [2.0]}), "x")
    empty = pa.table({"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())})
    response = api.post(URL, content=stream(empty), headers={"Content-Type": ARROW})
    assert pa.ipc.open_stream(response.content).read_all().num_rows == 0


def test_the_past(api: TestClient) -> None:
    lon, lat = INSIDE
    body = {"points": [[lon, lat]]}
    assert api.post(URL, json=body, params={"at": "2026-01-01T00:00:00+08:00"}).json()["codes"] == [NORTH_WEST]
    before = api.post(URL, json=body, params={"at": "2019-12-31T23:59:59Z"}).json()
    assert (before["codes"], before["status"]) == ([None], ["outside"])


def test_what_the_scope_does_not_cover_is_not_told(county_url: str) -> None:
    engine = make_engine(county_url)
    with transaction(engine) as session:
        key = add_key(session, CLERK, name="east", role="reader", scope=EAST)
    engine.dispose()
    with TestClient(create_app(Settings.from_env({}, database_url=county_url))) as client:
        points = [list(at(NORTH_EAST)), list(INSIDE), list(OUTSIDE)]
        assert_problem(client.post(URL, json={"points": points}), 401, "unauthenticated")
        answer = client.post(URL, json={"points": points}, headers={"X-API-Key": key}).json()
    assert answer["codes"] == [NORTH_EAST, None, None]
    assert answer["status"] == ["ok", "outside_scope", "outside"]


@pytest.fixture(scope="module")
def layered(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    """A client of a county with a layer of overlapping beats, and a reader's key; the second layer is not public."""
    folder, url = tmp_path_factory.mktemp("layers"), server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        new_county(session, folder)
        shapes = [cell(0, 0).union(cell(1, 0)), cell(1, 0), cell(3, 0)]
        path = write_layer(folder / "beats.gpkg", shapes, {"code": ["乙;1", "甲", "c"]})
        run(session, "layer", path, name="beats", title="Beats", public=True)
        run(session, "layer", path, name="hidden")
        key = add_key(session, CLERK, name="reader", role="reader", scope="all")
    engine.dispose()
    with TestClient(create_app(Settings.from_env({}, database_url=url, public_map=True))) as client:
        yield client, key


def test_in_a_layer(layered: tuple[TestClient, str]) -> None:
    client, key = layered
    one, both, alone = (cell(n, 0).representative_point().coords[0] for n in (0, 1, 3))
    west, _, east, north = cell(1, 0).bounds
    edge, out = (west, (north + cell(1, 0).bounds[1]) / 2), (east + 0.5 * (east - west), 35.9)
    points = [list(p) for p in (one, both, alone, edge, out)]
    answer = client.post(URL, json={"points": points}, params={"layer": "beats"}).json()
    assert answer["status"] == ["ok", "overlap", "ok", "boundary", "outside"]
    assert answer["codes"] == ["乙;1", "乙;1", "c", "乙;1", None]
    assert answer["grid_codes"] == [["乙;1"], ["乙;1", "甲"], ["c"], ["乙;1", "甲"], []]
    body = "lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in points)
    told = client.post(URL, content=body, params={"layer": "beats"}, headers={"Content-Type": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(told)))
    assert [row["grid_code"] for row in rows] == ["乙;1", "乙;1", "c", "乙;1", ""]
    assert [row["grid_status"] for row in rows] == answer["status"]
    assert [row["grid_codes"] for row in rows] == ["乙;1", "乙;1;甲", "c", "乙;1;甲", ""]
    table = pa.table({"lon": [x for x, _ in points], "lat": [y for _, y in points]})
    response = client.post(URL, content=stream(table), params={"layer": "beats"}, headers={"Content-Type": ARROW})
    assert pa.ipc.open_stream(response.content).read_all()["grid_codes"].to_pylist() == answer["grid_codes"]
    for name in ("hidden", "nowhere"):
        assert_problem(client.post(URL, json={"points": points}, params={"layer": name}), 404, "not_found")
    found = client.post(URL, json={"points": points}, params={"layer": "hidden"}, headers={"X-API-Key": key})
    assert found.json()["status"] == answer["status"]
