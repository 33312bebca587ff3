"""What is drawn of a division, read from a small county."""

import pytest
from sqlalchemy.orm import Session

from gridmap.db.base import SRID
from gridmap.db.model import InstallationFact
from gridmap.errors import NotFound
from gridmap.maps import service
from gridmap.maps.mapdata import map_data
from gridmap.preplans.model import Shelter
from tests.county import (
    COUNTY,
    EAST,
    NORTH_EAST,
    NORTH_WEST,
    PREFECTURE,
    SOUTH_WEST,
    TOWNSHIP,
    WEST,
    at,
    record_id,
    small_county,
    square,
)


@pytest.fixture
def county(session: Session) -> Session:
    small_county(session)
    return session


def add_shelter(session: Session, **changed: object) -> None:
    lon, lat = at(NORTH_WEST)
    given: dict[str, object] = {
        "county_code": COUNTY, "id": record_id("S", 1), "name": "小学操场", "kind": "school", "village_code": WEST,
        "point": f"SRID={SRID};POINT({lon} {lat})", "capacity": 300,
    }  # fmt: skip
    session.add(Shelter(**(given | changed)))
    session.flush()


def test_an_empty_installation_has_nothing_to_draw(session: Session) -> None:
    assert service.default_division(session) is None
    assert service.installation_state(session).version == 0


def test_the_county_that_is_loaded_is_the_default(county: Session) -> None:
    division = service.default_division(county)
    assert division is not None
    assert division.code == COUNTY


def test_a_grid_is_drawn_with_its_counts(county: Session) -> None:
    grids = {grid.record.code: grid for grid in service.load_content(county, COUNTY).grids}
    assert {code: (grid.households, grid.persons, grid.groups) for code, grid in grids.items()} == {
        NORTH_WEST: (2, 6, 2),
        NORTH_EAST: (1, 120, 1),
        SOUTH_WEST: (1, 3, 1),  # the closed household does not count
        EAST + "002": (1, 3, 0),
    }


def test_a_map_of_a_village_shows_its_grids_and_no_other(county: Session) -> None:
    content = service.load_content(county, WEST)
    assert [grid.record.code for grid in content.grids] == [NORTH_WEST, SOUTH_WEST]
    assert [division.code for division in content.divisions] == [WEST]


def test_a_map_of_a_prefecture_shows_everything_below(county: Session) -> None:
    content = service.load_content(county, PREFECTURE)
    assert [division.code for division in content.divisions] == [PREFECTURE, COUNTY, TOWNSHIP, WEST, EAST]
    assert len(content.grids) == 4


def test_there_is_no_map_of_what_does_not_exist(county: Session) -> None:
    with pytest.raises(NotFound, match="999999"):
        service.load_content(county, "999999")


def test_a_group_is_drawn_around_its_houses_and_inside_its_grid(county: Session) -> None:
    groups = {group.code: group for group in service.load_content(county, COUNTY).groups}
    first = groups[NORTH_WEST + "01"]
    assert (first.name, first.households, first.persons) == ("1组", 1, 3)
    assert first.outline is not None
    assert square(NORTH_WEST).covers(first.outline)


def test_only_open_shelters_are_drawn(county: Session) -> None:
    add_shelter(county)
    add_shelter(county, id=record_id("S", 2), status="closed")
    (shelter,) = service.load_content(county, COUNTY).shelters
    assert (shelter.id, shelter.capacity, (shelter.lon, shelter.lat)) == (record_id("S", 1), 300, at(NORTH_WEST))


def test_demo_data_are_known_as_such(county: Session) -> None:
    assert not service.installation_state(county).demo
    county.add(InstallationFact(name="demo", value={}))
    county.flush()
    assert service.installation_state(county).demo


class TestDocument:
    def test_it_holds_every_level_and_names_its_version(self, county: Session) -> None:
        add_shelter(county)
        document = map_data(service.load_content(county, COUNTY))
        assert {name: len(held["geometries"]) for name, held in document["objects"].items()} == {
            "county": 1, "township": 1, "village": 2, "grid": 4, "group": 4, "shelter": 1,
        }  # fmt: skip
        assert (document["version"], document["finest"]) == (1, "grid")
        assert document["bbox"] == [103.5, 34.5, 103.52, 34.52]

    def test_nobody_is_named_in_it(self, county: Session) -> None:
        written = str(map_data(service.load_content(county, COUNTY)))
        assert not [name for name in ("李措姆", "བཀྲ་ཤིས་ཚེ་རིང་", "王五", "13812348000") if name in written]

    def test_neighbouring_grids_differ_in_colour(self, county: Session) -> None:
        grids = map_data(service.load_content(county, COUNTY))["objects"]["grid"]["geometries"]
        colours = {grid["id"]: grid["properties"]["colour"] for grid in grids}
        assert colours[NORTH_WEST] != colours[NORTH_EAST]
        assert colours[NORTH_WEST] != colours[SOUTH_WEST]

    def test_a_name_stands_in_the_middle_of_its_grid(self, county: Session) -> None:
        grids = map_data(service.load_content(county, COUNTY))["objects"]["grid"]["geometries"]
        (label,) = [grid["properties"]["label"] for grid in grids if grid["id"] == NORTH_WEST]
        assert label[:2] == pytest.approx(at(NORTH_WEST), abs=5e-4)
        assert label[2] == pytest.approx(459, rel=0.1)  # half of 0.01° of longitude at 34.5° north

    def test_too_many_grids_are_left_out_and_the_document_says_so(
        self, county: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "MAX_GRIDS", 3)
        document = map_data(service.load_content(county, COUNTY))
        assert document["finest"] == "township"
        assert document["objects"].keys() == {"county", "township"}

    def test_a_division_without_any_outline_is_an_empty_document(self, county: Session) -> None:
        county.connection().exec_driver_sql("UPDATE division_version SET outline = NULL, outline_source = NULL")
        county.connection().exec_driver_sql("DELETE FROM grid_version")
        county.expire_all()
        document = map_data(service.load_content(county, COUNTY))
        assert (document["bbox"], document["arcs"]) == (None, [])
