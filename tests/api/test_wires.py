"""The two wires as their own documentation has them: every spelling of a request, and what is said of a wrong one."""

import csv
import gzip
import io
from collections.abc import Iterator

import pytest
from httpx2 import Response

from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, PREFECTURE, TOWNSHIP, WEST, at, record_id
from tests.postgres import Server

DOOR = "双村镇西村1号"
SEARCH_CSV = "/api/v1/addresses/search/csv"
A1 = record_id("A", 1)


@pytest.fixture(scope="module")
def geocoder(server: Server) -> Iterator[Closed]:
    with closed_application(server, public_geocoder=True) as closed:
        yield closed


def ids(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["id"] for feature in answer.json()["features"]]


def rows_of(answer: Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def coded(geocoder: Closed, body: bytes, path: str = "search", **asked: str | list[str]) -> Response:
    return geocoder.client.post(f"/geocoder/{path}/csv/", files={"data": ("f.csv", body)}, data=asked)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("", True), ("&type=", True), ("&type=housenumber", True), ("&type=street&type=housenumber", True),
        ("&type=street+housenumber", True), ("&type=street", False), ("&type=nonsense", False), ("&citycode=", True),
        (f"&citycode={COUNTY}", True), (f"&citycode={PREFECTURE}", True), (f"&citycode=123456+{WEST}", True),
        (f"&citycode=123456&citycode={WEST}", True), ("&citycode=x", False), (f"&citycode={EAST}", False),
        (f"&citycode={'9' * 60}", False), ("&postcode=747600&unheard=of", True), ("&lat=&lon=", True),
        ("&autocomplete=False", True), ("&limit=", True), ("&lon=0&lat=0", True),
    ],
)  # fmt: skip
def test_addok_filters_may_have_several_values_and_none(geocoder: Closed, filters: str, found: bool) -> None:
    """Empty ones and those that are not known limit nothing; those that count are told."""
    answer = geocoder.client.get(f"/geocoder/search/?q={DOOR}{filters}")
    assert ids(answer) == ([A1] if found else [])
    assert ("filters" in answer.json()) == any(f"{name}=" in filters + "&" and f"{name}=&" not in filters + "&"
                                               for name in ("&type", "&citycode"))  # fmt: skip


def test_addok_reverse_keeps_to_its_filters(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    near = f"/geocoder/reverse/?lon={lon}&lat={lat}&limit=9"
    assert ids(geocoder.client.get(near))[0] == A1
    assert ids(geocoder.client.get(f"{near}&type=locality")) == [WEST, EAST]
    assert ids(geocoder.client.get(f"{near}&type=municipality&citycode={EAST}")) == [TOWNSHIP]
    assert ids(geocoder.client.get(f"{near}&type=street")) == []
    assert ids(geocoder.client.get(f"{near}&citycode={EAST}"))[0] == record_id("A", 4)
    village = geocoder.client.get(f"{near}&type=locality").json()["features"][0]["properties"]
    assert (village["label"], village["type"], village["name"]) == ("试验省练习州小县双村镇西村", "locality", "西村")
    back = f"lat,lon,c,t\n{lat},{lon},{EAST},\n{lat},{lon},,locality\n{lat},{lon},,street\n,,,\n".encode()
    rows = rows_of(coded(geocoder, back, "reverse", citycode="c", type="t"))
    assert [(row["result_id"], row["result_type"], row["result_status"]) for row in rows] == [
        (record_id("A", 4), "housenumber", "ok"), (WEST, "locality", "ok"), ("", "", "not-found"),
        ("", "", "not-found"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("search/?q=x&limit=ten", "limit"), ("search/?q=x&limit=-1", "limit"),
        ("search/?q=x&autocomplete=maybe", "autocomplete"),
        ("search/?q=x&lat=91&lon=1", "lat"), ("search/?q=x&lat=1&lng=abc", "lng"), ("search/?q=x&lat=nan&lon=1", "lat"),
        ("search/", "q"), ("reverse/?lat=1", "lon"), ("reverse/?longitude=1", "lat"),
        ("reverse/?lat=1&lon=1&limit=0", "limit"),
    ],
)  # fmt: skip
def test_addok_names_the_parameter_that_it_refuses(geocoder: Closed, path: str, named: str) -> None:
    answer = geocoder.client.get(f"/geocoder/{path}")
    assert (answer.status_code, set(answer.json())) == (400, {"title", "description"})
    assert named in answer.json()["description"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"columns": "x"}, "columns"), ({"citycode": "x"}, "citycode"), ({"type": "x"}, "type"),
        ({"lat": "q", "lon": "x"}, "lon"), ({"encoding": "klingon"}, "encoding"), ({"encoding": "idna"}, "encoding"),
        ({"delimiter": ",,"}, "delimiter"), ({"delimiter": '"'}, "delimiter"), ({"quote": "''"}, "quote"),
        ({"result_columns": "x"}, "result_columns"), ({"with_bom": "perhaps"}, "with_bom"),
    ],
)  # fmt: skip
def test_addok_names_what_it_refuses_of_a_table(geocoder: Closed, asked: dict[str, str], named: str) -> None:
    answer = coded(geocoder, b"q,c\nx,1\n", **asked)
    assert (answer.status_code, set(answer.json())) == (400, {"title", "description"})
    assert named in answer.json()["description"]


def test_addok_refuses_a_text_that_is_too_long_alone_and_in_its_row(geocoder: Closed) -> None:
    long = DOOR + "x" * 1000
    answer = geocoder.client.get("/geocoder/search/", params={"q": long})
    assert (answer.status_code, set(answer.json())) == (413, {"title", "description"})
    body = f"q\n{long}\n{DOOR}\n".encode()
    assert [row["result_status"] for row in rows_of(coded(geocoder, body))] == ["error", "ok"]
    own = geocoder.client.post(SEARCH_CSV, content=body, headers={"Content-Type": "text/csv"})
    assert [(row["result_status"], row["result_id"]) for row in rows_of(own)] == [("invalid", ""), ("ok", A1)]
    assert geocoder.client.get("/api/v1/addresses/search", params={"q": long}).status_code == 422


def test_addok_tells_the_result_columns_that_are_asked_for(geocoder: Closed) -> None:
    asked = ["result_id", "latitude"]
    answer = coded(geocoder, f"q,result_id\n{DOOR},own\n".encode(), columns="q", result_columns=asked)
    assert answer.text == f"q,result_id,result_id_2,latitude\n{DOOR},own,{A1},{at(NORTH_WEST, 0.2, 0.8)[1]}\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="f.geocoded.csv"'
    files = {"data": ("名单.csv", f"q\n{DOOR}\n".encode())}
    named = geocoder.client.post("/geocoder/search/csv", files=files).headers["content-disposition"]
    assert named == "attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95.geocoded.csv"


def test_a_table_may_be_compressed(geocoder: Closed) -> None:
    plain = f"q\n{DOOR}\n".encode()
    packed = gzip.compress(plain)
    assert rows_of(coded(geocoder, packed))[0]["result_id"] == A1
    for coding in ("gzip", None):
        headers = {"Content-Type": "text/csv"} | ({"Content-Encoding": coding} if coding else {})
        assert rows_of(geocoder.client.post(SEARCH_CSV, content=packed, headers=headers))[0]["result_id"] == A1
    assert "can't be read" in coded(geocoder, packed[:-9]).json()["description"]
    refused = geocoder.client.post(SEARCH_CSV, content=plain, headers={"Content-Encoding": "br"})
    assert refused.status_code == 415
    for path in (SEARCH_CSV, "/geocoder/search/csv/"):
        json = geocoder.client.post(path, content=b'{"q": 1}', headers={"Content-Type": "application/json"})
        assert json.status_code == 415
    locate = geocoder.client.post("/api/v1/locate", content=packed, headers={"Content-Type": "text/csv"})
    assert locate.status_code in {401, 422}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "gb18030", "utf-8-sig", "big5"])
def test_a_table_comes_back_in_its_encoding(geocoder: Closed, encoding: str) -> None:
    """The mark of the encoding stands once, also where the answer is sent in many pieces; what an answer has and the
    encoding has not is ?."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    body = (mark + "編號\t地址\r\n" + "".join(f"{n}\t西村{n % 3 + 1}號\r\n" for n in range(600))).encode(encoding)
    asked = {"encoding": encoding} if encoding == "big5" else {}
    answer = geocoder.client.post(
        SEARCH_CSV, content=body, params=asked, headers={"Content-Type": "text/csv; charset=utf-8"}
    )
    assert answer.content.startswith(body[:9])
    text = answer.content.decode(encoding).removeprefix("\ufeff")
    assert "\ufeff" not in text
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    assert [row["編號"] for row in rows] == [str(n) for n in range(600)]
    assert {row["result_id"] for row in rows[0::3]} == {A1}


def test_an_encoding_that_bytes_do_not_tell_is_taken_from_the_content_type(geocoder: Closed) -> None:
    body = "名,q\ncafé,x\n".replace("名", "n").encode("latin-1")
    files = {"data": ("f.csv", body, "text/csv; charset=iso-8859-1")}
    answer = geocoder.client.post("/geocoder/search/csv/", files=files)
    assert answer.headers["content-type"] == "text/csv; charset=iso8859-1"
    assert answer.content.splitlines()[1].startswith("café,x,".encode("latin-1"))


def test_other_quotes_than_usual(geocoder: Closed) -> None:
    body = f"n,q\n'a,b','{DOOR}'\n\"c,{DOOR}\n".encode()
    rows = coded(geocoder, body, columns="q", quote="'", result_columns="result_id").text.splitlines()
    assert rows == ["n,q,result_id", f"'a,b',{DOOR},{A1}", f'"c,{DOOR},{A1}']


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True), ("&countrycodes=", True), ("&countrycodes=fr,CN", True), ("&countrycodes=fr", False),
        ("&limit=", True), ("&limit=0", True), ("&limit=999", True), ("&layer=address,poi", True),
        ("&layer=poi", False),
        ("&featureType=settlement", False), ("&featureType=", True), (f"&exclude_place_ids=7,{A1[1:]}", False),
        ("&viewbox=500,99,-500,-99&bounded=1", True), ("&viewbox=1,1,2,2&bounded=1", False), ("&viewbox=1,1,2,2", True),
        ("&bounded=1", True), ("&addressdetails=abcdefgh&dedupe=0&email=a@b&polygon_geojson=1&unheard=of", True),
    ],
)  # fmt: skip
def test_nominatim_takes_every_parameter_as_nominatim_does(geocoder: Closed, query: str, found: bool) -> None:
    for path in ("search", "search/", "search.php"):
        answer = geocoder.client.get(f"/nominatim/{path}?q={DOOR}{query}")
        assert answer.status_code == 200, answer.text
        assert [place["place_id"] for place in answer.json()] == ([int(A1[1:])] if found else [])


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("search?q=x&limit=ten", "limit"), ("search?q=x&viewbox=1,2,3", "viewbox"),
        ("search?q=x&viewbox=nan,1,2,3", "viewbox"),
        ("search?q=x&format=xml", "format"), ("search?q=x&street=y", "q"), ("search?postalcode=7", "street"),
        ("search?q=134.5,103.5", "lat"), (f"search?q={'x' * 1001}", "q"), ("reverse?lat=1", "lon"),
        ("reverse?lat=x&lon=1", "lat"),
        ("reverse?lat=inf&lon=1", "lat"), ("reverse?lat=1&lon=181", "lon"), ("reverse?lat=1&lon=1&zoom=far", "zoom"),
        ("status?format=xml", "format"),
    ],
)  # fmt: skip
def test_nominatim_names_the_parameter_that_it_refuses(geocoder: Closed, path: str, named: str) -> None:
    answer = geocoder.client.get(f"/nominatim/{path}")
    told = answer.json()["error"]
    assert answer.status_code == told["code"] == (413 if len(path) > 1000 else 400)
    assert f"'{named}'" in told["message"]


def test_nominatim_reads_coordinates_countries_and_its_state(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    spot = geocoder.client.get(f"/nominatim/search?q={lat},{lon}&addressdetails=1").json()
    assert [(place["place_id"], place["address"]["village"]) for place in spot] == [(int(A1[1:]), "西村")]
    structured = {"street": "西村1号", "city": "双村镇", "county": "小县"}
    for country, found in (("China", 1), ("中国", 1), ("France", 0)):
        asked = {**structured, "country": country}
        assert len(geocoder.client.get("/nominatim/search", params=asked).json()) == found
    assert geocoder.client.get(f"/nominatim/reverse?lat={lat}&lon={lon}&layer=poi").json() == {
        "error": "Unable to geocode"
    }
    assert geocoder.client.get("/nominatim/status").text == "OK"
    assert geocoder.client.get("/nominatim/status?format=json").json()["status"] == 0


def test_what_can_be_read_can_be_asked_for_its_headers(geocoder: Closed) -> None:
    for path in (f"/geocoder/search/?q={DOOR}", f"/nominatim/search?q={DOOR}", "/healthz"):
        asked, told = geocoder.client.head(path), geocoder.client.get(path)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-length"] == told.headers["content-length"] == str(len(told.content))
    assert geocoder.client.head("/api/v1/officers").status_code == 401
    assert geocoder.client.head("/geocoder/search/csv/").status_code == 405
    allowed = geocoder.client.options("/geocoder/search/").headers["access-control-allow-methods"]
    assert {"GET", "HEAD", "POST"} <= set(allowed.split(", "))
