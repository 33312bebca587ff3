"""The coverage of published grids: of a village, of what is above it, now and at a time."""

from collections.abc import Iterator

import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.db.geometry import from_shapely
from gridmap.db.versions import raise_version, time_of
from gridmap.divisions.model import Division, DivisionVersion
from gridmap.errors import NotFound
from gridmap.grids.coverage import CoverageReport, check_within
from tests.maps import areas, cell
from tests.villages import COUNTY, LOWER, TOWNSHIP, UPPER, add, code, county, letters


@pytest.fixture
def damaged(session: Session) -> Iterator[Session]:
    """As if somebody had written to the table by hand: no call of gridmap can leave a village like this."""
    county(session, "AAaa\nBBbb")
    yield session


def put(session: Session, name: str, shape: BaseGeometry) -> None:
    whole = shapely.MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)])
    session.execute(
        text("UPDATE grid_version SET geometry = ST_GeomFromWKB(:wkb, 4490) WHERE code = :code AND valid_to IS NULL"),
        {"wkb": whole.wkb, "code": code(name)},
    )


def told(report: CoverageReport) -> list[tuple[str | None, str, str]]:
    return [(found.village, found.problem.kind, letters(found.problem.grids)) for found in report.problems]


def test_sound_villages_have_no_problem(damaged: Session) -> None:
    for within in (None, UPPER, LOWER, TOWNSHIP, COUNTY):
        report = check_within(damaged, within)
        assert (report.problems, report.errors) == ((), 0)
    assert (check_within(damaged).villages, check_within(damaged).grids) == (2, 4)
    assert (check_within(damaged, UPPER).villages, check_within(damaged, UPPER).grids) == (1, 2)


def test_a_gap_is_told_once_with_its_village_and_place(damaged: Session) -> None:
    put(damaged, "A", cell(0, 1))
    for within in (None, COUNTY, UPPER):
        (found,) = check_within(damaged, within).problems
        assert (found.village, found.problem.kind, found.problem.severity) == (UPPER, "gap", "error")
        assert found.problem.where.equals(cell(1, 1))
        assert found.problem.size == pytest.approx(10_200, rel=0.02)
    assert check_within(damaged, LOWER).problems == ()


def test_grids_of_two_villages_that_overlap_are_told_beside_what_each_does_wrong(damaged: Session) -> None:
    put(damaged, "A", areas("AAA.\n....")["A"])
    assert told(check_within(damaged, UPPER)) == [(UPPER, "outside", "A")]
    assert told(check_within(damaged, TOWNSHIP)) == [(None, "overlap", "Aa"), (UPPER, "outside", "A")]


def test_a_village_without_grids_is_a_gap_and_one_without_outline_is_not(damaged: Session) -> None:
    damaged.execute(text("DELETE FROM grid_version WHERE code LIKE :village"), {"village": f"{LOWER}%"})
    (found,) = check_within(damaged, COUNTY).problems
    assert (found.village, found.problem.kind, found.problem.grids) == (LOWER, "gap", ())
    damaged.execute(
        text("UPDATE division_version SET outline = NULL, outline_source = NULL WHERE code = :village"),
        {"village": LOWER},
    )
    assert check_within(damaged, LOWER).problems == ()


def test_a_past_time_is_checked_as_it_was(damaged: Session) -> None:
    put(damaged, "A", cell(0, 1))
    version = raise_version(damaged, "test", "later")
    at = time_of(damaged, version)
    damaged.execute(
        text("UPDATE grid_version SET valid_to = :at, version_to = :v WHERE code = :code"),
        {"at": at, "v": version, "code": code("A")},
    )
    before = damaged.execute(text("SELECT published_at FROM dataset_version WHERE version = :v"), {"v": version - 1})
    assert told(check_within(damaged, UPPER)) == [(UPPER, "gap", "B")]
    assert told(check_within(damaged, UPPER, before.scalar_one())) == [(UPPER, "gap", "AB")]


def test_an_unknown_division_is_not_found(damaged: Session) -> None:
    with pytest.raises(NotFound):
        check_within(damaged, "990009")


def test_a_village_without_any_outline_above_it(session: Session) -> None:
    county(session, "AA\nBB")
    session.execute(text("UPDATE division_version SET outline = NULL, outline_source = NULL"))
    put(session, "A", shapely.union(cell(0, 1), cell(1, 0)).buffer(0))
    report = check_within(session, COUNTY)
    assert {kind for _, kind, _ in told(report)} >= {"overlap"}
    add(session, Division(code=TOWNSHIP + "202", level="village"))
    version = raise_version(session, "test", "new village")
    outline = from_shapely(shapely.MultiPolygon([cell(5, 5)]))
    add(
        session,
        DivisionVersion(
            code=TOWNSHIP + "202", parent_code=TOWNSHIP, name="新", name_full="新", outline=outline,
            outline_source="test", valid_from=time_of(session, version), version_from=version,
        ),
    )  # fmt: skip
    assert (TOWNSHIP + "202", "gap", "") in told(check_within(session, COUNTY))
