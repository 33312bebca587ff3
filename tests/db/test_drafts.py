"""A draft holds whatever was handed in, and says what is wrong with it."""

from dataclasses import replace

import pytest
import shapely
from sqlalchemy.orm import Session

from gridmap.editing import review, service
from gridmap.editing.problems import Problem
from gridmap.editing.proposal import ProposedGrid
from gridmap.editing.record import HasErrors
from gridmap.errors import InvalidInput
from gridmap.grids import service as grids
from tests.maps import areas, at
from tests.villages import ANNA, BERT, LOWER, UPPER, code, county, draft, proposal, published, settle, state


def problems(session: Session, content: list[ProposedGrid], villages: tuple[str, ...] = (UPPER,)) -> list[Problem]:
    """What a draft of the content is told; it can be saved whatever that is, and submitted only without errors."""
    changeset = service.open_changeset(session, ANNA, villages, "draft")
    service.propose(session, ANNA, changeset, content)
    found = list(service.get_report(session, ANNA.caller, changeset).problems)
    saved = service.list_content(session, ANNA.caller, changeset)
    kept = [grid for grid in saved if grid.action != "retire"]
    assert [grid.geometry for grid in kept] == [shapely.MultiPolygon(shapely.get_parts(c.geometry)) for c in content]
    if any(problem.severity == "error" for problem in found):
        with pytest.raises(HasErrors) as refused:
            review.submit(session, ANNA, changeset)
        told = {(error.code, error.message) for error in refused.value.errors}
        assert told == {(p.kind, p.message_en) for p in found if p.severity == "error"}
    return found


def errors(session: Session, content: list[ProposedGrid], villages: tuple[str, ...] = (UPPER,)) -> list[str]:
    return sorted({p.kind for p in problems(session, content, villages) if p.severity == "error"})


@pytest.mark.parametrize(
    ("drawn", "kinds"),
    [
        ("AAB", ["gap"]),
        ("AA.B", ["gap"]),
        ("AABBB", ["outside"]),
        ("AACC", []),
        ("AAAB", []),
    ],
)
def test_the_shapes_must_tile_the_outline(session: Session, drawn: str, kinds: list[str]) -> None:
    county(session, "AABB")
    content = [replace(grid, ref="x", code=None) if grid.ref == "C" else grid for grid in proposal(drawn)]
    assert errors(session, content) == kinds


def test_an_overlap_and_a_bow_tie_are_kept_and_named(session: Session) -> None:
    county(session, "AABB")
    left, right = proposal("AABB")
    assert errors(session, [left, replace(right, geometry=areas(".BBB")["B"])]) == ["overlap"]
    corners = [at(0, 0), at(2, 1), at(2, 0), at(0, 1)]
    tied = problems(session, [replace(left, geometry=shapely.Polygon(corners)), right])
    assert "invalid_ring" in {p.kind for p in tied}
    nothing = problems(session, [replace(left, geometry=shapely.MultiPolygon()), right])
    assert {"empty", "gap"} <= {p.kind for p in nothing}


def test_a_problem_says_where_and_how_much_in_two_languages(session: Session) -> None:
    county(session, "AABB")
    (gap,) = problems(session, proposal("AA.B"))
    assert gap.where is not None and gap.where.equals(areas("..G")["G"])
    assert gap.size == pytest.approx(10_170, rel=0.01)
    assert gap.unit == "m2"
    assert "空白" in gap.message and "no grid" in gap.message_en


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"code": UPPER + "01"}, "code_form"),
        ({"code": UPPER + "000"}, "code_form"),
        ({"code": UPPER + "００１"}, "code_form"),
        ({"code": LOWER + "001"}, "code_of_other_village"),
        ({"code": UPPER + "002"}, "code_twice"),
        ({"name": "  "}, "name_missing"),
        ({"name": "格" * 101}, "name_long"),
        ({"name": "第一\n网格"}, "name_long"),
        ({"village_code": LOWER, "code": LOWER + "009"}, "village_not_included"),
    ],
)
def test_codes_and_names(session: Session, changed: dict[str, str], kind: str) -> None:
    county(session, "AABB")
    first, second = proposal("AABB")
    assert kind in errors(session, [replace(first, **changed), second])  # type: ignore[arg-type]


def test_the_same_name_twice_is_only_a_warning(session: Session) -> None:
    county(session, "AABB")
    first, second = proposal("AABB")
    (same,) = problems(session, [first, replace(second, name=first.name)])
    assert (same.kind, same.severity, same.grids) == ("name_twice", "warning", (code("A"), code("B")))


def test_a_code_is_never_another_grids(session: Session) -> None:
    county(session, "AABB")
    published(session, "CCBB")
    assert errors(session, proposal("ACBB")) == ["code_used"]
    # The very same grid may come back.
    assert errors(session, proposal("AABB")) == []
    # Two codes that change places would be the same crime.
    swapped = [replace(grid, code=code({"C": "B", "B": "C"}[grid.ref])) for grid in proposal("CCBB")]
    assert errors(session, swapped) == ["code_moved"]


def test_a_thousandth_grid_is_an_error(session: Session) -> None:
    county(session, "AABB")
    last = [replace(grid, code=UPPER + "999") if grid.ref == "B" else grid for grid in proposal("AABB")]
    changeset = service.open_changeset(session, ANNA, [UPPER], "999")
    service.propose(session, ANNA, changeset, last)
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    strips = [
        replace(
            last[0],
            code=None,
            ref=f"s{n}",
            name=f"s{n}",
            geometry=shapely.box(*at(n / 1000, 0), *at((n + 1) / 1000, 1)),
        )
        for n in range(1000)
    ]
    assert "numbering_full" in errors(session, [*strips, last[1]])


def test_off_the_lattice_is_told_and_rounded_when_published(session: Session) -> None:
    county(session, "AABB")
    middle = [at(1, 0), at(1, 1)]
    off = [(lon + 3e-8, lat) for lon, lat in middle]
    outer_left, outer_right = [at(0, 1), at(0, 0)], [at(4, 0), at(4, 1)]
    left = shapely.Polygon([*outer_left, off[0], off[1]])
    right = shapely.Polygon([off[0], at(2, 0), *outer_right, at(2, 1), off[1]])
    content = [replace(grid, geometry=shape) for grid, shape in zip(proposal("AABB"), (left, right), strict=True)]
    found = problems(session, content)
    assert {(p.kind, p.severity) for p in found} >= {("off_lattice", "warning")}
    assert [p.kind for p in found if p.severity == "error"] == []
    changeset = draft(session, "AABB")
    service.propose(session, ANNA, changeset, content)
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    assert state(session)["A"].equals(areas("ABBB")["A"])


def test_what_moves_is_told_beforehand(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 1.5, 0.5, "A01")
    changeset = draft(session, "AXBB", new="X")
    effect = service.get_report(session, ANNA.caller, changeset).effect
    assert effect["grids"] == {"add": [code("C")], "change": [code("A")], "retire": []}
    assert effect["addresses"] == {
        "count": 1, "items": [{"id": "A99000100000001", "from": code("A"), "to": code("C")}]
    }  # fmt: skip
    assert effect["groups"] == [{"from": code("A") + "01", "to": code("C") + "01", "name": "A01组", "households": 1}]
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    # What it did is what was shown.
    assert service.get_report(session, ANNA.caller, changeset).effect == effect


def test_new_grids_are_named_by_their_refs_and_numbered_by_the_standard(session: Session) -> None:
    county(session, "AABB\nAABB")
    changeset = draft(session, "YXBB\nZZBB", new="XYZ")
    report = service.get_report(session, ANNA.caller, changeset)
    assert {ref: report.codes[ref] for ref in "XYZ"} == {"Y": code("C"), "X": code("D"), "Z": code("E")}


def test_a_draft_begins_with_what_is_there(session: Session) -> None:
    county(session, "AABB")
    changeset = service.open_changeset(session, ANNA, [UPPER], "as it is")
    content = service.list_content(session, ANNA.caller, changeset)
    assert [(grid.code, grid.action) for grid in content] == [(code("A"), "keep"), (code("B"), "keep")]
    service.propose(session, ANNA, changeset, proposal("CCCB"))
    content = service.list_content(session, ANNA.caller, changeset)
    assert [(grid.ref, grid.action) for grid in content] == [("B", "change"), ("C", "add"), (code("A"), "retire")]


def test_a_village_is_not_left_without_a_grid(session: Session) -> None:
    county(session, "AAbb")
    assert errors(session, proposal("AAAA"), (UPPER, LOWER)) == ["village_empty"]


def test_a_version_that_does_not_exist_is_no_base(session: Session) -> None:
    county(session, "AABB")
    changeset = draft(session, "AXBB", new="X")
    for version in (-1, 99):
        with pytest.raises(InvalidInput):
            service.propose(session, ANNA, changeset, proposal("AABB"), base_version=version)


def test_a_base_from_before_the_draft_shows_as_stale(session: Session) -> None:
    county(session, "AABB")
    published(session, "AXBB", new="X", title="the other one")
    changeset = service.open_changeset(session, ANNA, [UPPER], "late")
    service.propose(session, ANNA, changeset, proposal("AABB"), base_version=2)
    (stale,) = (p for p in service.get_report(session, ANNA.caller, changeset).problems if p.kind == "stale_base")
    assert "the other one" in stale.message
    assert len(grids.list_grids(session)) == 3
