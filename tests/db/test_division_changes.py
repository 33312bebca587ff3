"""Townships become towns, names are corrected, villages merge and split: and every record below follows.

Names and new codes are those of Gannan in the list of 2023; the codes before that are what the numbering of townships
(200 to 399) makes likely, and are not checked against a source.
"""

from dataclasses import replace
from typing import Any

import pytest
import shapely
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.access import service as access
from gridmap.access.model import ApiKey
from gridmap.addresses.model import Address
from gridmap.addresses.parse import parse
from gridmap.addresses.service import load_gazetteer
from gridmap.contacts.model import Officer, Responsibility
from gridmap.db.geometry import from_shapely
from gridmap.db.versions import current_version, raise_version, time_of
from gridmap.divisions import service as divisions
from gridmap.divisions.writing import lineage_of, successors_of
from gridmap.editing import division_changes, review, service
from gridmap.editing.division_changes import CodeTaken, Names
from gridmap.editing.proposal import ProposedGrid
from gridmap.errors import Forbidden, InvalidInput, NotFound, StaleBase
from gridmap.grids import history
from gridmap.grids import service as grids
from gridmap.grids.model import Grid, HouseholdGroup, HouseholdGroupVersion
from gridmap.households.model import Household
from gridmap.preplans.model import Shelter
from tests.county import EAST, NORTH_EAST, NORTH_WEST, SOUTH_WEST, TOWNSHIP, WEST, record_id, small_county
from tests.maps import areas
from tests.villages import ANNA, BERT, actor, add, add_division

UPGRADED = [
    ("623022203", "藏巴哇乡", "623022104", "藏巴哇镇"),
    ("623022204", "纳浪乡", "623022105", "纳浪镇"),
    ("623022205", "洮砚乡", "623022106", "洮砚镇"),
    ("623022206", "阿子塘乡", "623022107", "阿子滩镇"),
    ("623022210", "申藏乡", "623022108", "申藏镇"),
    ("623022201", "完冒乡", "623022109", "完冒镇"),
    ("623022200", "尼巴乡", "623022110", "尼巴镇"),
    ("623022211", "喀尔钦乡", "623022103", "喀尔钦镇"),
]
ZHUONI = "623022"


@pytest.fixture
def county(session: Session) -> Session:
    small_county(session)
    return session


def zhuoni(session: Session, *townships: tuple[str, str]) -> None:
    """The county with some townships, each with a village of one grid with one door."""
    version = raise_version(session, "test", "divisions")
    add_division(session, version, "province", "62", None, None, name="甘肃", name_full="甘肃省")
    add_division(session, version, "prefecture", "623000", "62", None, name="甘南", name_full="甘南藏族自治州")
    add_division(session, version, "county", ZHUONI, "623000", None, name="卓尼县")
    shapes = list(areas("ABCDEFGH").values())
    for number, ((code, name), shape) in enumerate(zip(townships, shapes, strict=False), 1):
        village = code + "200"
        add_division(session, version, "township", code, ZHUONI, shape, name=name)
        add_division(session, version, "village", village, code, shape, name="上村", name_full="上村村民委员会")
        content = [ProposedGrid(village, village + "001", "上村网格", shape)]
        review.first_load(session, ANNA, f"first load of {name}", content)
        label = f"甘肃省甘南藏族自治州卓尼县{name}上村{number}号"
        add(session, Address(
            county_code=ZHUONI, code=f"A{ZHUONI}{number:08d}", village_code=village, grid_code=village + "001",
            label=label, point=from_shapely(shape.representative_point()), point_source="test",
        ))  # fmt: skip


def test_eight_townships_become_towns(session: Session) -> None:
    zhuoni(session, *((code, name) for code, name, _, _ in UPGRADED))
    for code, _, new_code, new_name in UPGRADED:
        division_changes.recode(session, ANNA, code, new_code, Names(name=new_name))
    for number, (code, name, new_code, new_name) in enumerate(UPGRADED, 1):
        village, grid = code + "200", code + "200001"
        town = divisions.get_division(session, new_code)
        assert (town.name, town.name_full, town.parent, town.level) == (new_name, new_name, ZHUONI, "township")
        assert divisions.get_division(session, new_code + "200").parent == new_code
        assert successors_of(session, code) == [new_code]
        assert [link.kind for link in lineage_of(session, code)] == ["upgraded"]
        assert [link.kind for link in lineage_of(session, village)] == ["recoded"]
        with pytest.raises(NotFound):
            divisions.get_division(session, code)
        assert divisions.get_last_division(session, code).name == name
        assert [s.code for s in history.successors_of(session, grid)] == [new_code + "200001"]
        (step,) = history.lineage(session, grid).successors
        assert (step.kind, step.share_area) == ("renumber", 1.0)
        door = session.get(Address, (ZHUONI, f"A{ZHUONI}{number:08d}"))
        assert door is not None
        session.refresh(door)
        assert (door.village_code, door.grid_code) == (new_code + "200", new_code + "200001")
        assert door.label == f"甘肃省甘南藏族自治州卓尼县{new_name}上村{number}号"
    assert [g.code for g in grids.list_grids(session, prefixes=[ZHUONI])] == sorted(
        f"{new}200001" for _, _, new, _ in UPGRADED
    )


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [("623022206", "阿子塘乡", "阿子滩乡"), ("623022209", "勺哇土族乡", "杓哇土族乡")],
)
def test_a_name_is_corrected(session: Session, code: str, before: str, after: str) -> None:
    zhuoni(session, (code, before))
    then = time_of(session, current_version(session))
    done = division_changes.rename(session, ANNA, code, Names(name=after))
    assert (done.version, done.divisions, done.grids) == (3, {}, {})
    assert (done.counts["labels"], done.counts["labels_kept"]) == (1, 0)
    assert divisions.get_division(session, code).name_full == after
    assert divisions.get_division(session, code, then).name_full == before
    assert [(link.kind, link.successor) for link in lineage_of(session, code)] == [("renamed", code)]
    label = session.execute(text("SELECT label FROM address")).scalar()
    assert label == f"甘肃省甘南藏族自治州卓尼县{after}上村1号"
    with pytest.raises(InvalidInput):
        division_changes.rename(session, ANNA, code, Names(name=after))


def test_a_label_that_begins_otherwise_is_kept_and_counted(session: Session) -> None:
    zhuoni(session, ("623022206", "阿子塘乡"))
    session.execute(text("UPDATE address SET label = '卓尼县阿子塘乡上村1号'"))
    done = division_changes.rename(session, ANNA, "623022206", Names(name="阿子滩乡"))
    assert (done.counts["labels"], done.counts["labels_kept"]) == (0, 1)
    assert session.execute(text("SELECT label FROM address")).scalar() == "卓尼县阿子塘乡上村1号"


NEW = "990001205"


def column(session: Session, *columns: Any) -> set[Any]:
    return {value for attribute in columns for value in session.scalars(select(attribute))}


def test_everything_below_follows_a_new_code(county: Session) -> None:
    session = county
    add(session, Shelter(
        county_code="990001", id=record_id("S", 1), name="学校", kind="school", village_code=EAST,
        point=from_shapely(shapely.Point(103.515, 34.515)), capacity=50,
    ))  # fmt: skip
    access.add_key(session, ANNA, name="west", role="reader", scope=WEST)
    access.add_key(session, ANNA, name="field", role="fieldworker", scope=NORTH_WEST + "01")
    done = division_changes.recode(session, ANNA, TOWNSHIP, NEW, Names())

    def moved(code: str | None) -> str | None:
        return None if code is None else code.replace(TOWNSHIP, NEW)

    assert set(done.grids) == {NORTH_WEST, NORTH_EAST, SOUTH_WEST, EAST + "002"}
    assert done.counts == {
        "addresses": 6, "households": 5, "officers": 6, "charges": 2, "shelters": 1, "names": 0, "labels": 0,
        "labels_kept": 0, "grants": 2,
    }  # fmt: skip
    everything = column(
        session, Address.village_code, Address.grid_code, Household.group_code, Officer.home_code, Officer.work_code,
        Responsibility.code, Shelter.village_code, ApiKey.scope,
    )  # fmt: skip
    assert [code for code in everything if code and code.startswith(TOWNSHIP)] == []
    assert moved(NORTH_WEST + "01") in everything
    holding = select(HouseholdGroupVersion.code).where(HouseholdGroupVersion.valid_to.is_(None))
    assert set(session.scalars(holding)) == {
        moved(NORTH_WEST + "01"), moved(NORTH_WEST + "02"), moved(SOUTH_WEST + "01"), moved(NORTH_EAST + "01")
    }  # fmt: skip
    assert history.group_successors(session, NORTH_WEST + "01") == [moved(NORTH_WEST + "01")]
    # The old codes are still there, taken for ever.
    assert NORTH_WEST in column(session, Grid.code)
    assert NORTH_WEST + "01" in column(session, HouseholdGroup.code)
    with pytest.raises(CodeTaken):
        division_changes.recode(session, ANNA, NEW, TOWNSHIP, Names())


def test_villages_merge_into_one_of_them(county: Session) -> None:
    done = division_changes.merge_villages(
        county, ANNA, [WEST, EAST], WEST, Names(name="联合村", name_full="联合村村委会")
    )
    assert done.grids == {NORTH_EAST: WEST + "003", EAST + "002": WEST + "004"}
    merged = divisions.get_division(county, WEST)
    assert (merged.name, merged.population) == ("联合村", 26)
    assert merged.outline is not None
    township = divisions.get_division(county, TOWNSHIP).outline
    assert township is not None and merged.outline.equals(township)
    assert [(link.kind, link.successor) for link in lineage_of(county, EAST)] == [("merged", WEST)]
    assert history.lineage(county, NORTH_EAST).successors[0].kind == "transfer"
    assert [d.code for d in divisions.list_children(county, TOWNSHIP)] == [WEST]
    assert column(county, Address.village_code) == {WEST}


def test_villages_merge_into_a_new_one(county: Session) -> None:
    done = division_changes.merge_villages(county, ANNA, [WEST, EAST], TOWNSHIP + "210", Names(name="新村"))
    assert sorted(done.grids.values()) == [f"{TOWNSHIP}210{n:03d}" for n in range(1, 5)]
    # West to east, then north to south.
    assert done.grids[NORTH_WEST] < done.grids[NORTH_EAST] < done.grids[SOUTH_WEST]
    assert successors_of(county, WEST) == successors_of(county, EAST) == [TOWNSHIP + "210"]


def test_what_took_another_code_is_known_by_its_old_names(county: Session) -> None:
    division_changes.rename(county, ANNA, EAST, Names(name="旭村", name_full="旭村村委会"))
    division_changes.merge_villages(county, ANNA, [WEST, EAST], WEST, Names())
    (west,) = (names for names in divisions.list_names(county) if names.code == WEST)
    assert set(west.former) >= {"东村", "旭村", "旭村村委会"}
    assert west.name not in west.former
    town = "990001199"
    before = divisions.get_division(county, TOWNSHIP).name_full
    division_changes.recode(county, ANNA, TOWNSHIP, town, Names(name="新镇", name_full="新镇"))
    read = parse(load_gazetteer(county), f"{before}旭村3号")
    assert read.segments.village_code == town + WEST[9:]


def test_a_grant_is_not_widened_by_a_merger(county: Session) -> None:
    access.add_key(county, ANNA, name="east", role="reader", scope=EAST)
    access.add_key(county, ANNA, name="field", role="fieldworker", scope=NORTH_EAST)
    done = division_changes.merge_villages(county, ANNA, [WEST, EAST], WEST, Names())
    assert done.counts["grants"] == 1
    assert column(county, ApiKey.scope) == {EAST, WEST + "003"}


def test_a_village_splits(county: Session) -> None:
    new = TOWNSHIP + "202"
    done = division_changes.split_village(
        county, ANNA, EAST, new_code=new, moved=[EAST + "002"], names=Names(name="南村")
    )
    assert done.grids == {EAST + "002": new + "001"}
    old, south = divisions.get_division(county, EAST), divisions.get_division(county, new)
    assert old.name == "东村" and south.name == "南村"
    both = divisions.get_division(county, TOWNSHIP).outline
    west = divisions.get_division(county, WEST).outline
    assert both and west and old.outline and south.outline
    assert shapely.union_all([old.outline, south.outline, west]).equals(both)
    assert column(county, Address.village_code) == {WEST, EAST, new}
    assert successors_of(county, EAST) == [EAST, new]


@pytest.mark.parametrize(
    ("code", "new_code", "said"),
    [
        (TOWNSHIP, "99000120", "9 digits"),
        (TOWNSHIP, "990002101", "another county"),
        (WEST, "990001102200", "another township"),
        (WEST, EAST, "given to a division before"),
        ("990001", "990002", "only townships and villages"),
        (WEST, TOWNSHIP + "２０５", "12 digits"),
    ],
)
def test_a_code_that_can_not_be_is_refused(county: Session, code: str, new_code: str, said: str) -> None:
    with pytest.raises((InvalidInput, CodeTaken), match=said):
        division_changes.recode(county, ANNA, code, new_code, Names())


def test_what_can_not_merge_or_split(county: Session) -> None:
    with pytest.raises(InvalidInput):
        division_changes.merge_villages(county, ANNA, [WEST], WEST, Names())
    with pytest.raises(InvalidInput):
        division_changes.merge_villages(county, ANNA, [WEST, TOWNSHIP], WEST, Names())
    for moved in ([], [NORTH_WEST, SOUTH_WEST], [NORTH_EAST]):
        with pytest.raises(InvalidInput):
            division_changes.split_village(
                county, ANNA, WEST, new_code=TOWNSHIP + "299", moved=moved, names=Names(name="x")
            )


def test_outside_the_scope_nothing_changes(county: Session) -> None:
    with pytest.raises(Forbidden):
        division_changes.rename(county, actor("carl", EAST), WEST, Names(name="别"))


def test_a_draft_of_a_recoded_village_is_stale(county: Session) -> None:
    changeset = service.open_changeset(county, ANNA, [WEST], "drawn before")
    content = [service.as_proposed(grid) for grid in grids.list_grids(county, prefixes=[WEST])]
    service.propose(county, ANNA, changeset, [replace(content[0], name="新"), content[1]])
    review.submit(county, ANNA, changeset)
    division_changes.recode(county, ANNA, WEST, TOWNSHIP + "250", Names())
    with pytest.raises(StaleBase, match="西村村民委员会"):
        review.publish(county, BERT, changeset)
