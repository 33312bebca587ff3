"""addok's and Nominatim's wires, and tables of addresses: every row comes back, coded as a single question is."""

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, WEST, at, record_id
from tests.postgres import Server
from tests.problems import assert_problem

SEARCH_CSV, REVERSE_CSV = "/api/v1/addresses/search/csv", "/api/v1/addresses/reverse/csv"
LON, LAT = at(NORTH_WEST, 0.2, 0.8)
TEXT_CSV = {"Content-Type": "text/csv"}
TEXTS = ["双村镇西村1号", "", "西邨2号", "双村镇西村99号", "北京市朝阳区1号", "东村四号，学校旁", "双村镇", "西村1号"]


@pytest.fixture(scope="module")
def geocoder(server: Server) -> Iterator[Closed]:
    with closed_application(server, public_geocoder=True) as closed:
        yield closed


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def written(rows: list[list[str]], delimiter: str = ",") -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter).writerows(rows)
    return sink.getvalue()


def test_the_bulk_answer_is_the_single_answer_for_every_row(geocoder: Closed) -> None:
    body = written([["编号", "地址", "备注"], *([str(n), text, 'a,\n"b"'] for n, text in enumerate(TEXTS))])
    answer = geocoder.client.post(SEARCH_CSV, content=body.encode(), headers=TEXT_CSV)
    assert answer.headers["gridmap-version"] == "1"
    rows = table(answer.text)
    assert [(row["编号"], row["地址"], row["备注"]) for row in rows] == [
        (str(n), text, "a,\n\"b\"") for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    assert [row["result_status"] for row in rows] == [
        "ok", "empty", "ok", "partial", "not_found", "ok", "partial", "ok",
    ]  # fmt: skip
    for row in rows:
        single = geocoder.client.get("/api/v1/addresses/search", params={"q": row["地址"]}).json()["features"]
        if not single:
            assert [value for name, value in row.items() if name.startswith("result_")][:-1] == [""] * 8
            continue
        told, spot = single[0]["properties"], single[0]["geometry"]["coordinates"]
        assert [row[f"result_{name}"] for name in ("id", "label", "type", "match_level", "grid_code")] == [
            told["id"], told["label"], told["type"], told["match_level"], told["grid_code"] or "",
        ]  # fmt: skip
        assert float(row["result_score"]) == told["score"]
        assert [float(row["result_lon"]), float(row["result_lat"])] == pytest.approx(spot, abs=1e-7)


def test_gbk_semicolons_short_rows_and_columns_that_are_there_already(geocoder: Closed) -> None:
    body = "名;门牌;result_id\r\n甲;西村1号\r\n\r\n乙;西村;x;多出来\r\n".encode("gbk")
    answer = geocoder.client.post(
        SEARCH_CSV, params={"column": ["门牌"], "within": WEST}, content=body, headers=TEXT_CSV
    )
    lines = answer.content.decode("gb18030").split("\r\n")
    assert "gb18030" in answer.headers["content-type"]
    assert lines[0].startswith("名;门牌;result_id;result_id_2;result_label;")
    assert lines[1].startswith(f"甲;西村1号;;{record_id('A', 1)};")
    assert (lines[2], lines[4]) == ("", "")
    assert lines[3].startswith("乙;西村;x;" + WEST)
    assert lines[3].endswith(";partial;多出来")


@pytest.mark.parametrize("delimiter", [None, ";"])
def test_the_line_that_names_the_delimiter_to_excel_is_no_header(geocoder: Closed, delimiter: str | None) -> None:
    body = "\ufeffsep=;\r\n编号;地址,全\r\n1;西村1号,双村镇\r\n".encode()
    params = {"delimiter": delimiter} if delimiter else {}
    answer = geocoder.client.post(SEARCH_CSV, params=params, content=body, headers=TEXT_CSV)
    above, header, row = answer.content.decode().splitlines()
    assert above == "\ufeffsep=;"
    assert header.startswith("编号;地址,全;result_id;")
    assert row.startswith(f"1;西村1号,双村镇;{record_id('A', 1)};")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('id,地址\n1,西村1号\n2,"西村2号\n3,西村3号\n', 3),
        ('id,地址\n1,"西村\n1号"\n2,西村2号\n3,"西村3号', 5),
        ('id,"地址\n1,西村1号\n', 1),
        ('sep=,\nid,地址\n1,"西村1号\n2,西村2号\n', 3),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(geocoder: Closed, body: str, line: int) -> None:
    answer = geocoder.client.post(SEARCH_CSV, content=body.encode(), headers=TEXT_CSV)
    assert f"line {line}: a quote" in assert_problem(answer, 422, "invalid_input", where="data")["detail"]
    closed = body.replace('"', "").replace("西村\n", "西村")
    assert len(geocoder.client.post(SEARCH_CSV, content=closed.encode(), headers=TEXT_CSV).text.splitlines()) > 1


def test_quotes_within_a_cell_and_line_breaks_within_quotes_are_no_fault(geocoder: Closed) -> None:
    body = 'id,地址\n1,5" 西村1号\n2,"西村\n""2""号"\n3,西村3号'
    rows = table(geocoder.client.post(SEARCH_CSV, content=body.encode(), headers=TEXT_CSV).text)
    assert [(row["id"], row["地址"]) for row in rows] == [("1", '5" 西村1号'), ("2", '西村\n"2"号'), ("3", "西村3号")]


def test_one_spoilt_cell_does_not_make_a_table_unreadable(geocoder: Closed) -> None:
    """And of many columns that with the address is found by a part of its name."""
    body = "编号,户籍地址,电子邮箱地址\n7,双村镇西村1号,a@b\n".encode("gbk") + b"8,\xff\xfe\xfa,\n"
    answer = geocoder.client.post(SEARCH_CSV, content=body, headers=TEXT_CSV)
    first, spoilt = answer.content.splitlines()[1:]
    assert first.decode("gbk").startswith(f"7,双村镇西村1号,a@b,{record_id('A', 1)},")
    assert spoilt.startswith(b"8,\xff\xfe\xfa,,")


def test_reverse_of_a_table(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    body = written(
        [
            ["id", "经度", "纬度"],
            ["a", str(lon), str(lat + 0.0001)],
            ["b", "", "x"],
            ["c", "500", "1"],
            ["d", "10_3.5", "34.5"],
        ]
    )
    rows = table(geocoder.client.post(REVERSE_CSV, content=body.encode(), headers=TEXT_CSV).text)
    assert [(row["id"], row["result_id"], row["result_status"]) for row in rows] == [
        ("a", record_id("A", 1), "ok"), ("b", "", "invalid"), ("c", "", "invalid"), ("d", "", "invalid"),
    ]  # fmt: skip
    assert float(rows[0]["result_distance"]) == pytest.approx(11.1, abs=0.1)


@pytest.mark.parametrize(
    ("path", "params", "body", "where"),
    [
        (SEARCH_CSV, {}, "", "data"), (SEARCH_CSV, {"column": "x"}, "地址\n西村\n", "column"),
        (SEARCH_CSV, {"column": "q"}, "q,q\n西村,东村\n", "column"),
        (SEARCH_CSV, {"encoding": "klingon"}, "地址\n西村\n", "encoding"), (REVERSE_CSV, {}, "a,b\n1,2\n", "lon"),
        (SEARCH_CSV, {"delimiter": ",,"}, "地址\n", "delimiter"), (SEARCH_CSV, {}, "\n\n", "data"),
        (SEARCH_CSV, {}, "PK\x03\x04workbook", "data"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_read_are_refused(
    geocoder: Closed, path: str, params: dict[str, str], body: str, where: str
) -> None:
    answer = geocoder.client.post(path, params=params, content=body.encode(), headers=TEXT_CSV)
    problem = assert_problem(answer, 422, "invalid_input")
    assert problem["errors"][0]["where"] == where


def test_many_rows_come_back_in_order(geocoder: Closed) -> None:
    texts = [f"双村镇{'西' if n % 2 else '东'}村{n % 7}号" for n in range(3000)]
    body = written([["q"], *([text] for text in texts)])
    rows = table(geocoder.client.post(SEARCH_CSV, content=body.encode(), headers=TEXT_CSV).text)
    assert [row["q"] for row in rows] == texts
    assert {row["result_status"] for row in rows} == {"ok", "partial"}


def test_addok_search(geocoder: Closed) -> None:
    for path in ("/geocoder/search/", "/geocoder/search"):
        answer = geocoder.client.get(path, params={"q": "双村镇西村1号", "limit": 1, "autocomplete": 0})
        assert answer.headers["access-control-allow-origin"] == "*"
        told = answer.json()
        assert {told[name] for name in ("type", "version", "query", "limit")} == {
            "FeatureCollection", "draft", "双村镇西村1号", 1,
        }  # fmt: skip
        properties = told["features"][0]["properties"]
        assert {n: properties[n] for n in ("id", "type", "housenumber", "name", "district", "city", "citycode")} == {
            "id": record_id("A", 1), "type": "housenumber", "housenumber": "1号", "name": "西村1号",
            "district": "双村镇", "city": "小县", "citycode": COUNTY,
        }  # fmt: skip
    assert [
        f["properties"]["type"] for f in geocoder.client.get("/geocoder/search/?q=双村镇西村99号").json()["features"]
    ] == ["locality"]
    assert geocoder.client.get("/geocoder/search/?q=双村镇西村1号&type=street").json()["features"] == []
    assert geocoder.client.get("/geocoder/search/?q=双村镇西村1号&citycode=123456").json()["features"] == []


@pytest.mark.parametrize("query", ["", "q=", "q=x&limit=0", "q=x&limit=101", "q=x&lat=a&lon=1", "q=x&lat=91&lon=1"])
def test_addok_refuses_as_addok_does(geocoder: Closed, query: str) -> None:
    answer = geocoder.client.get(f"/geocoder/search/?{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"title", "description"}
    assert geocoder.client.get("/geocoder/reverse/?lat=1").status_code == 400


def test_addok_reverse(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    for names in (("lon", "lat"), ("lng", "latitude"), ("long", "lat")):
        params = {names[0]: lon, names[1]: lat + 0.001, "limit": 2}
        features = geocoder.client.get("/geocoder/reverse/", params=params).json()["features"]
        assert [f["properties"]["distance"] for f in features] == [111, features[1]["properties"]["distance"]]
        assert features[0]["properties"]["id"] == record_id("A", 1)


def test_addok_csv_both_ways(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    body = "n,a,b\n1,双村镇,西村1号\n2,双村镇,无此村9号\n".encode()
    answer = geocoder.client.post(
        "/geocoder/search/csv/",
        files={"data": ("in.csv", body, "text/csv")},
        data={"columns": ["a", "b"], "with_bom": "1"},
    )
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = table(answer.content.decode("utf-8-sig"))
    assert (rows[0]["latitude"], rows[0]["longitude"]) == (str(lat), str(lon))
    assert (rows[0]["result_id"], rows[0]["result_housenumber"], rows[0]["result_status"]) == (
        record_id("A", 1), "1号", "ok",
    )  # fmt: skip
    assert (rows[1]["n"], rows[1]["result_type"]) == ("2", "municipality")
    body = f"a,c,t\n双村镇西村1号,{WEST},\n双村镇西村1号,1,\n双村镇西村1号,,street\n双村镇西村1号,,\n".encode()
    asked = {"columns": "a", "citycode": "c", "type": "t"}
    rows = table(geocoder.client.post("/geocoder/search/csv/", files={"data": ("in.csv", body)}, data=asked).text)
    assert [row["result_status"] for row in rows] == ["ok", "not-found", "not-found", "ok"]
    back = f"latitude,longitude\n{lat},{lon}\n,\n".encode()
    rows = table(geocoder.client.post("/geocoder/reverse/csv/", files={"data": ("in.csv", back)}).text)
    assert (rows[0]["result_id"], rows[0]["result_distance"]) == (record_id("A", 1), "0")
    assert rows[1]["result_status"] == "not-found"


def test_nominatim_tells_names_in_the_language_that_is_asked_for(geocoder: Closed) -> None:
    asked = {"q": "双村镇西村1号", "addressdetails": "1", "namedetails": "1"}
    for languages, village in (("bo,zh;q=0.5", "ནུབ་གྲོང་"), ("en,zh", "西村"), ("zh,bo;q=0.5", "西村")):
        for params, headers in (({**asked, "accept-language": languages}, {}), (asked, {"Accept-Language": languages})):
            found = geocoder.client.get("/nominatim/search", params=params, headers=headers).json()[0]
            assert found["address"]["village"] == village
            assert (village in found["display_name"], found["namedetails"]["name:zh"]) == (True, "1号")


@pytest.mark.parametrize(
    "url",
    [
        f"/api/v1/addresses/search?q={quote('双村镇西村1号')}&explain=1",
        f"/api/v1/addresses/reverse?lon={LON}&lat={LAT}",
        f"/geocoder/search/?q={quote('双村镇西村1号')}",
        f"/geocoder/reverse/?lon={LON}&lat={LAT}",
        f"/nominatim/search?q={quote('双村镇西村1号')}",
        f"/nominatim/search?q={LAT},{LON}",
        f"/nominatim/reverse?lon={LON}&lat={LAT}",
        f"/nominatim/reverse?lon={LON}&lat={LAT}&zoom=14",
    ],
)
def test_who_has_the_answer_is_not_sent_it_again(geocoder: Closed, url: str) -> None:
    first = geocoder.client.get(url)
    again = geocoder.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert geocoder.client.get(url, headers={"If-None-Match": '"0.1.0-1.1-0a1b2c3d"'}).content == first.content


def test_nominatim_in_its_three_forms(geocoder: Closed) -> None:
    found = geocoder.client.get("/nominatim/search", params={"q": "双村镇西村1号"}).json()
    assert (found[0]["category"], found[0]["type"], found[0]["addresstype"]) == ("place", "house", "house")
    assert "address" not in found[0]
    old = geocoder.client.get("/nominatim/search", params={"q": "双村镇西村1号", "format": "json"}).json()
    assert old[0]["class"] == "place"
    south, north, west, east = map(float, old[0]["boundingbox"])
    assert south < float(old[0]["lat"]) < north
    assert west < float(old[0]["lon"]) < east
    shape = geocoder.client.get("/nominatim/search", params={"q": "双村镇西村1号", "format": "geojson"}).json()
    assert shape["features"][0]["geometry"]["coordinates"] == list(at(NORTH_WEST, 0.2, 0.8))
    for query in ("q=西村&format=xml", "q=", "", "q=西村&viewbox=1,2"):
        assert geocoder.client.get(f"/nominatim/search?{query}").status_code == 400
    assert geocoder.client.get("/nominatim/reverse?lat=10&lon=10").json() == {"error": "Unable to geocode"}
    assert geocoder.client.get("/nominatim/reverse?lat=91&lon=10").status_code == 400


def test_a_page_of_another_address_may_ask_only_the_two_wires(geocoder: Closed) -> None:
    asked = geocoder.client.options("/geocoder/search/", headers={"Origin": "http://elsewhere"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    own = geocoder.client.get("/api/v1/addresses/search?q=西村", headers={"Origin": "http://elsewhere"})
    assert "access-control-allow-origin" not in own.headers


def test_wires_and_tables_hold_to_a_key_s_scope(server: Server) -> None:
    with closed_application(server) as closed:
        key = closed.key("reader", EAST)["Authorization"].removeprefix("Bearer ")
        assert closed.client.get("/geocoder/search/?q=双村镇西村1号").status_code == 401
        for prefix in (f"/k/{key}/geocoder/search/?q=", f"/geocoder/search/?key={key}&q="):
            west = closed.client.get(f"{prefix}双村镇西村1号").json()["features"]
            assert all(feature["properties"]["type"] != "housenumber" for feature in west)
            assert closed.client.get(f"{prefix}双村镇东村4号").json()["features"][0]["properties"]["id"] == record_id(
                "A", 4
            )
        body = "地址\n双村镇西村1号\n双村镇东村4号\n".encode()
        rows = table(
            closed.client.post(SEARCH_CSV, content=body, headers={**TEXT_CSV, "Authorization": f"Bearer {key}"}).text
        )
        assert [row["result_match_level"] == "door" for row in rows] == [False, True]
