"""Households and officers over HTTP: who gets what of whom, masked, and each read recorded."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from gridmap.access.caller import Role
from gridmap.access.rights import EVERY_ROLE, RIGHTS
from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.county import (
    COUNTY,
    EAST,
    NORTH_EAST,
    NORTH_WEST,
    PREFECTURE,
    PROVINCE,
    SOUTH_WEST,
    TOWNSHIP,
    WEST,
    record_id,
)
from tests.postgres import Server
from tests.problems import assert_problem

H1, H2, H3, H4, H5, H6 = (record_id("H", number) for number in range(1, 7))
P1, P2, P3, P4 = (record_id("P", number) for number in range(1, 5))
GROUP = NORTH_WEST + "01"
# Reads of what has an id here; lists, writes and what other registers hold have tests of their own.
_FILLED = re.compile(
    r"GET /api/v1/((households/\{household_id\}|officers/\{officer_id\})(/history)?"
    r"|groups/\{code\}|(grids|groups)/\{code\}/households)$"
)
SAMPLES = {"household_id": H1, "officer_id": P2, "group": GROUP, "grid": NORTH_WEST}
PERSONAL = sorted(
    key for key, right in RIGHTS.items() if right.personal and key.startswith("GET /api/") and _FILLED.match(key)
)


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


@pytest.fixture
def fresh(server: Server) -> Iterator[Closed]:
    """For tests that break the database."""
    with closed_application(server) as closed:
        yield closed


def _path(key: str) -> tuple[str, str]:
    method, path = key.split(" ")
    code = "group" if "/groups/" in path else "grid"
    return method, path.replace("{code}", "{" + code + "}").format(**SAMPLES)


@pytest.mark.parametrize("key", PERSONAL)
@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_every_role_on_every_personal_route(closed: Closed, role: Role, key: str) -> None:
    method, path = _path(key)
    scope = NORTH_WEST if role == "fieldworker" else TOWNSHIP
    header = closed.key(role, scope, personal=role == "integrator")
    before = len(closed.audit())
    response = closed.client.request(method, path, headers=header)
    recorded = closed.audit()[before:]
    if role == "reader":
        assert_problem(response, 403, "forbidden")
        assert [entry.action for entry in recorded] == [f"refused {key}"]
    else:
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "private, no-store"
        assert response.json()["version"] == 1
        assert "13812348000" not in response.text
        assert "李措姆" not in response.text
        assert len(recorded) == 1
        assert recorded[0].request_id == response.headers["x-request-id"]


@pytest.mark.parametrize("key", PERSONAL)
def test_nobody_sees_persons_without_a_key_even_on_a_public_map(server: Server, key: str) -> None:
    with closed_application(server, public_map=True, public_geocoder=True) as public:
        method, path = _path(key)
        assert_problem(public.client.request(method, path), 401, "unauthenticated")
        assert public.audit() == []


@pytest.mark.parametrize("key", PERSONAL)
@pytest.mark.parametrize("scope", [EAST, NORTH_EAST, SOUTH_WEST, NORTH_WEST + "02", "990002", "991000"])
def test_nothing_outside_the_scope(closed: Closed, key: str, scope: str) -> None:
    method, path = _path(key)
    role = "fieldworker" if len(scope) > 12 else "commander"
    response = closed.client.request(method, path, headers=closed.key(role, scope))
    assert_problem(response, 403, "forbidden")
    assert "**" not in response.text
    refused = closed.audit()[-1]
    assert refused.action == f"refused {key}"
    assert refused.subjects == [path.split("/")[4]]


@pytest.mark.parametrize("scope", ["all", PROVINCE, PREFECTURE, COUNTY, TOWNSHIP, WEST, NORTH_WEST, GROUP])
def test_every_level_of_scope_covers_what_is_below(closed: Closed, scope: str) -> None:
    header = closed.key("commander", scope)
    assert closed.client.get(f"/api/v1/households/{H1}", headers=header).status_code == 200
    assert closed.client.get(f"/api/v1/officers/{P2}", headers=header).status_code == 200


def test_an_integrator_wants_a_grant(closed: Closed) -> None:
    path = f"/api/v1/households/{H1}"
    assert_problem(closed.client.get(path, headers=closed.key("integrator", "all")), 403, "forbidden")
    assert closed.client.get(path, headers=closed.key("integrator", "all", personal=True)).status_code == 200


def test_a_household_in_full(closed: Closed) -> None:
    body = closed.client.get(f"/api/v1/households/{H1}", headers=closed.key("editor", COUNTY)).json()
    assert body == {
        "id": H1, "kind": "family", "name": None,
        "village_code": WEST, "grid_code": NORTH_WEST, "group_code": GROUP,
        "address_code": record_id("A", 1), "address": "试验省练习州小县双村镇西村1号",
        "persons": 3,
        "needs": {"elderly_alone": 1, "infants": 0, "disabled": 0, "pregnant": 0, "medical_device": 0},
        "head": {"name": "李**", "phone": "138****8000"},
        "lon": 103.502, "lat": 34.518, "status": "current", "version": 1,
    }  # fmt: skip


def test_others_as_they_are(closed: Closed) -> None:
    header = closed.key("editor", COUNTY)
    shown = {h: closed.client.get(f"/api/v1/households/{h}", headers=header).json() for h in (H2, H3, H4, H5, H6)}
    assert shown[H2]["head"] == {"name": "བ**", "phone": "139****8001"}
    assert shown[H3]["head"] == {"name": "欧**", "phone": None}
    assert (shown[H4]["kind"], shown[H4]["name"], shown[H4]["persons"]) == ("collective", "双村小学", 120)
    assert shown[H5]["group_code"] is None
    assert shown[H6]["status"] == "closed"


def test_an_officer_in_full(closed: Closed) -> None:
    header = closed.key("editor", COUNTY)
    assert closed.client.get(f"/api/v1/officers/{P1}", headers=header).json() == {
        "id": P1, "name": "扎**", "phone": "135****0001", "kind": "grid_head", "unit": "双村镇政府",
        "home_code": WEST, "work_code": WEST, "work_address_code": None, "capacity": 5, "languages": ["zh", "bo"],
        "absent_from": None, "absent_to": None, "status": "current",
        "responsibilities": [{"code": NORTH_WEST, "role": "head"}], "version": 1,
    }  # fmt: skip
    absent = closed.client.get(f"/api/v1/officers/{P3}", headers=header).json()
    assert (absent["absent_from"], absent["absent_to"], absent["responsibilities"]) == ("2026-01-01", "2026-01-31", [])


def test_an_officer_is_where_he_works_and_where_he_was_born(closed: Closed) -> None:
    born_here = closed.key("commander", EAST)
    assert closed.client.get(f"/api/v1/officers/{P3}", headers=born_here).status_code == 200
    assert_problem(closed.client.get(f"/api/v1/officers/{P4}", headers=born_here), 403, "forbidden")


def test_a_group_and_who_answers_for_it(closed: Closed) -> None:
    body = closed.client.get(f"/api/v1/groups/{GROUP}", headers=closed.key("fieldworker", GROUP)).json()
    assert {key: body[key] for key in body if not key.startswith("valid_")} == {
        "version": 1, "code": GROUP, "name": "1组", "grid_code": NORTH_WEST, "status": "current", "households": 1,
        "officers": [{"id": P2, "role": "head", "name": "李**", "phone": "135****0002"}],
        "successors": [], "row_version": 1,
    }  # fmt: skip
    assert closed.audit()[-1].subjects == [GROUP, P2]


def test_lists_hold_current_households_and_go_page_by_page(closed: Closed) -> None:
    header = closed.key("editor", COUNTY)
    path = f"/api/v1/grids/{NORTH_WEST}/households"
    first = closed.client.get(path, params={"limit": 1}, headers=header).json()
    assert [h["id"] for h in first["households"]] == [H1]
    assert closed.audit()[-1].subjects == [H1], "the record names what was returned, no more"
    second = closed.client.get(first["next"], headers=header).json()
    assert [h["id"] for h in second["households"]] == [H2]
    assert second["next"] is None
    closed_ones_left_out = closed.client.get(f"/api/v1/grids/{SOUTH_WEST}/households", headers=header).json()
    assert [h["id"] for h in closed_ones_left_out["households"]] == [H3]
    members = closed.client.get(f"/api/v1/groups/{GROUP}/households", params={"limit": 5000}, headers=header).json()
    assert [h["id"] for h in members["households"]] == [H1]


@pytest.mark.parametrize(
    "path", [f"/households/H{COUNTY}99999999", f"/officers/P{COUNTY}99999999", f"/grids/{WEST}999/households",
             f"/groups/{GROUP[:-1]}9", f"/groups/{GROUP[:-1]}9/households"],
)  # fmt: skip
def test_what_is_not_there_is_told_only_inside_the_scope(closed: Closed, path: str) -> None:
    assert_problem(closed.client.get("/api/v1" + path, headers=closed.key("editor", COUNTY)), 404, "not_found")
    assert_problem(closed.client.get("/api/v1" + path, headers=closed.key("commander", EAST)), 403, "forbidden")


@pytest.mark.parametrize("path", ["/households/H1", "/officers/1", "/groups/1", "/grids/x/households"])
def test_a_malformed_id_is_named(closed: Closed, path: str) -> None:
    assert_problem(closed.client.get("/api/v1" + path, headers=closed.key("admin", "all")), 422, "invalid_input")


@pytest.mark.parametrize(("role", "scope"), [("commander", COUNTY), ("admin", "all"), ("fieldworker", GROUP)])
def test_unmasking_with_a_purpose_is_recorded(closed: Closed, role: str, scope: str) -> None:
    header = closed.key(role, scope)
    asked = {"unmask": "phone", "purpose": "泥石流转移"}
    body = closed.client.get(f"/api/v1/households/{H1}", params=asked, headers=header).json()
    assert body["head"] == {"name": "李**", "phone": "13812348000"}
    entry = closed.audit()[-1]
    assert (entry.action, entry.subjects, entry.unmasked) == ("household.read", [H1], ["phone"])
    assert (entry.purpose, entry.role, entry.scope, entry.remote) == ("泥石流转移", role, scope, "testclient")
    both = {"unmask": "name,phone", "purpose": "泥石流转移"}
    head = closed.client.get(f"/api/v1/households/{H1}", params=both, headers=header).json()["head"]
    assert head == {"name": "李措姆", "phone": "13812348000"}
    officer = closed.client.get(f"/api/v1/officers/{P2}", params=both, headers=header).json()
    assert (officer["name"], officer["phone"]) == ("李措姆", "13500000002")
    assert closed.audit()[-1].unmasked == ["name", "phone"]


@pytest.mark.parametrize(
    ("role", "scope"), [("editor", "all"), ("reviewer", "all"), ("integrator", "all"), ("fieldworker", NORTH_WEST)]
)
def test_others_may_not_unmask(closed: Closed, role: str, scope: str) -> None:
    header = closed.key(role, scope, personal=role == "integrator")
    asked = {"unmask": "phone", "purpose": "evacuation"}
    for path in (f"/api/v1/households/{H1}", f"/api/v1/officers/{P2}"):
        response = closed.client.get(path, params=asked, headers=header)
        assert_problem(response, 403, "forbidden")
        assert closed.audit()[-1].action.startswith("refused ")


@pytest.mark.parametrize("purpose", [None, "", "   ", "abc"])
def test_no_unmasking_without_a_purpose(closed: Closed, purpose: str | None) -> None:
    asked = {"unmask": "phone"} | ({} if purpose is None else {"purpose": purpose})
    response = closed.client.get(f"/api/v1/households/{H1}", params=asked, headers=closed.key("commander", COUNTY))
    assert_problem(response, 422, "invalid_input", where="purpose")


BROKEN_AT_INSERT = "CREATE TRIGGER burst BEFORE INSERT ON audit_record EXECUTE FUNCTION burst()"
BROKEN_AT_COMMIT = (
    "CREATE CONSTRAINT TRIGGER burst AFTER INSERT ON audit_record DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION burst()"
)


@pytest.mark.parametrize("broken", [BROKEN_AT_INSERT, BROKEN_AT_COMMIT])
@pytest.mark.parametrize("key", PERSONAL)
def test_no_person_is_told_of_without_a_record(fresh: Closed, key: str, broken: str) -> None:
    header = fresh.key("admin", "all")
    with transaction(fresh.engine) as session:
        session.execute(
            text("CREATE FUNCTION burst() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$")
        )
        session.execute(text(broken))
    method, path = _path(key)
    response = fresh.client.request(method, path, headers=header)
    assert_problem(response, 500, "internal_error")
    assert "**" not in response.text
    assert "disk full" not in response.text


def test_one_record_names_all_that_a_page_returned(closed: Closed) -> None:
    header = closed.key("editor", COUNTY)
    before = len(closed.audit())
    closed.client.get(f"/api/v1/grids/{NORTH_WEST}/households", headers=header)
    (entry,) = closed.audit()[before:]
    assert (entry.action, entry.subjects, entry.unmasked, entry.purpose) == ("grid.households", [H1, H2], [], None)


_SAMPLE_OF = {
    "households": H1, "officers": P2, "groups": GROUP, "grids": NORTH_WEST, "divisions": COUNTY, "villages": WEST,
    "addresses": record_id("A", 1), "buildings": record_id("B", 1), "map-data": COUNTY, "tree": COUNTY,
}  # fmt: skip
_ASKED = {
    "/households": f"household={H1}&within={NORTH_WEST}", "/households/table.csv": "q=李措姆",
    "/officers": f"officer={P2}", "/groups": f"group={GROUP}", "/grids": f"grid={NORTH_WEST}",
    "/addresses": f"address={record_id('A', 1)}", "/search": "q=李措姆", "/api/v1/search": "q=李措姆",
    "/api/v1/households": "q=李措姆", "/api/v1/officers": "q=李措姆", "/groups/regroup": f"grid={NORTH_WEST}",
    "/api/v1/locate": "lon=103.502&lat=34.518&include=officers,group,address",
    "/api/v1/contacts/at": "lon=103.502&lat=34.518", "/api/v1/addresses/search": "q=双村镇西村1号",
    "/api/v1/addresses/reverse": "lon=103.502&lat=34.518",
}  # fmt: skip


def _every_reading_address() -> list[str]:
    """Every GET of the table of rights, its parameters filled in where this county has something for them."""
    found = []
    for key in RIGHTS:
        method, _, path = key.partition(" ")
        # The documentation of the API shows what a masked value looks like.
        if method != "GET" or path == "/openapi.json":
            continue
        filled = re.sub(r"([\w-]+)/\{\w+\}", lambda m: f"{m[1]}/{_SAMPLE_OF.get(m[1], '{')}", path)
        if "{" not in filled:
            found.append(f"{filled}?{_ASKED.get(filled, '')}")
    return found


@pytest.fixture(scope="module")
def public(server: Server) -> Iterator[Closed]:
    with closed_application(server, public_map=True, public_geocoder=True) as closed:
        yield closed


@pytest.mark.parametrize(
    ("role", "scope", "granted"),
    [
        (None, "", False), ("reader", COUNTY, False), ("integrator", COUNTY, False),
        ("fieldworker", SOUTH_WEST, False), ("editor", COUNTY, True),
    ],
)  # fmt: skip
def test_no_address_tells_a_person_to_whom_it_is_not_for(
    public: Closed, role: Role | None, scope: str, granted: bool
) -> None:
    header = {} if role is None else public.key(role, scope)
    told = []
    for address in _every_reading_address():
        answer = public.client.get(address, headers=header).text
        # The word that was searched for comes back in a page's box and links.
        names = [] if "q=" in address else ["李措姆", "扎西"]
        masked = [] if granted else ["138****8000", "李**", "135****0001", "135****0002"]
        secrets = [*names, *masked, "13812348000", "13500000001", "13500000002"]
        told += [(address, secret) for secret in secrets if secret in answer]
    assert told == []
