"""What publishing a changeset makes true: grids, lineage, addresses, households, groups and those in charge."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.model import Responsibility
from gridmap.db.model import Event
from gridmap.db.versions import current_version, time_of
from gridmap.divisions import service as divisions
from gridmap.editing import review, service
from gridmap.editing.record import HasErrors, NotEmpty, OwnChange, WrongStatus
from gridmap.errors import Forbidden, InvalidInput, NotFound, StaleBase
from gridmap.geo.coverage import CodedPolygon, check_coverage
from gridmap.grids import history
from gridmap.grids import service as grids
from gridmap.grids.lineage import same_shape
from gridmap.households.model import Household
from gridmap.snapshot import heirs
from tests.maps import areas, outline
from tests.villages import (
    ANNA,
    BERT,
    COUNTY,
    LOWER,
    TOWNSHIP,
    UPPER,
    actor,
    add_division,
    add_group,
    code,
    county,
    draft,
    letter,
    letters,
    proposal,
    published,
    put_in_charge,
    settle,
    state,
    submitted,
)


def assert_is(session: Session, drawn: str) -> None:
    """The current grids are those of the map, to the vertex, and each village's tile its outline."""
    wanted, found = areas(drawn), state(session)
    assert found.keys() == wanted.keys()
    assert all(same_shape(found[name], wanted[name]) for name in wanted)
    for village in (UPPER, LOWER):
        mine = grids.list_grids(session, prefixes=[village])
        if mine:
            border = divisions.get_division(session, village).outline
            assert border is not None
            assert check_coverage([CodedPolygon(g.code, g.geometry) for g in mine], border) == []  # type: ignore[arg-type]


def links(session: Session, name: str) -> dict[str, tuple[str, float, float | None]]:
    found = history.lineage(session, code(name)).successors
    return {
        letter(k.predecessor) + letter(k.successor): (k.kind, round(k.share_area, 3), k.share_households) for k in found
    }


def doors(session: Session) -> dict[int, str | None]:
    rows = session.execute(select(Address.code, Address.grid_code).order_by(Address.code))
    return {int(row[0][7:]): None if row[1] is None else letter(row[1]) for row in rows}


def members(session: Session) -> dict[int, str | None]:
    rows = session.execute(select(Household.id, Household.group_code).order_by(Household.id))
    return {int(row[0][7:]): None if row[1] is None else letter(row[1][:15]) + row[1][15:] for row in rows}


def groups(session: Session) -> dict[str, str]:
    found = grids.groups_in(session, [grid.code for grid in grids.list_grids(session)])
    return {letter(group[:15]) + group[15:]: name for group, name in found.items()}


def in_charge(session: Session) -> set[tuple[str, int, str]]:
    rows = session.scalars(select(Responsibility))
    return {(letter(row.code[:15]) + row.code[15:], int(row.officer_id[7:]), row.role) for row in rows}


def test_a_first_load_is_published_at_once(session: Session) -> None:
    county(session, "AAb\nCCb", loaded=False)
    version = review.first_load(session, ANNA, "the surveyors' file", proposal("AAb\nCCb"))
    assert version == current_version(session) == 2
    assert_is(session, "AAb\nCCb")
    assert [change.summary for change in history.history(session, code("A"))] == ["the surveyors' file"]
    with pytest.raises(NotEmpty):
        review.first_load(session, ANNA, "again", proposal("AAb\nCCb"))


def test_a_first_load_with_defects_is_refused_and_says_all_of_them(session: Session) -> None:
    county(session, "AABB", loaded=False)
    with pytest.raises(HasErrors) as refused:
        review.first_load(session, ANNA, "holes", proposal("AA.B"))
    assert {error.code for error in refused.value.errors} == {"gap"}


def test_a_first_load_finds_its_addresses(session: Session) -> None:
    county(session, "AABB", loaded=False)
    settle(session, 1, 0.5, 0.5)
    settle(session, 2, 2.0, 0.5)
    settle(session, 3, 9.5, 0.5)
    assert doors(session) == {1: None, 2: None, 3: None}
    review.first_load(session, ANNA, "first", proposal("AABB"))
    assert doors(session) == {1: "A", 2: "A", 3: None}


def test_a_village_without_an_outline_gets_that_of_its_grids(session: Session) -> None:
    county(session, "AA", loaded=True)
    add_division(session, 1, "village", LOWER, TOWNSHIP, None)
    drawn = ".." + "bb"
    review.first_load(session, ANNA, "first", proposal(drawn))
    border = divisions.get_division(session, LOWER)
    assert border.outline is not None and border.outline.equals(outline(drawn))
    assert border.outline_source == "union of its grids"
    # Its ground was the township's already, as far as anybody knows.
    township = divisions.get_division(session, TOWNSHIP).outline
    assert township is not None and township.equals(outline("AA"))


def test_a_village_without_an_outline_leaves_its_neighbours_their_ground(session: Session) -> None:
    county(session, "AA")
    add_division(session, 1, "village", LOWER, TOWNSHIP, None)
    with pytest.raises(HasErrors) as refused:
        review.first_load(session, ANNA, "first", proposal(".bb"))
    assert [(error.code, error.where) for error in refused.value.errors] == [
        ("overlaps_neighbour", f"{code('b')}, {code('A')}")
    ]


def test_a_split_numbers_the_new_grid_and_tells_where_the_old_went(session: Session) -> None:
    county(session, "AABB")
    changeset = published(session, "XYBB", new="XY")
    assert_is(session, "CDBB")
    assert links(session, "A") == {"AC": ("split", 0.5, None), "AD": ("split", 0.5, None)}
    retired = grids.get_grid(session, code("A"))
    assert (retired.status, retired.version_to) == ("retired", 3)
    event = session.scalars(select(Event).where(Event.version == 3)).one()
    assert (event.kind, event.payload["changeset"], event.payload["villages"]) == (
        "changeset_published", changeset, [UPPER],
    )  # fmt: skip


def test_the_past_stays_what_it_was(session: Session) -> None:
    county(session, "AABB")
    before = time_of(session, 2)
    published(session, "AXBB", new="X")
    then = {letter(g.code): g for g in grids.list_grids(session, at=before)}
    assert letters([g.code for g in grids.list_grids(session)]) == "ABC"
    assert same_shape(then["A"].geometry, areas("AABB")["A"])
    assert then["A"].status == "current"
    assert grids.get_grid(session, code("A"), before).version_to == 3
    assert [s.code for s in history.successors_of(session, code("A"), before)] == [code("A"), code("C")]
    assert [s.code for s in history.successors_of(session, code("A"))] == [code("A")]


def test_history_says_what_changed(session: Session) -> None:
    county(session, "AABB")
    first = proposal("AABB")
    changeset = service.open_changeset(session, ANNA, [UPPER], "a better name")
    renamed = [*first[:1], replace(first[1], name="新名", note="since the flood")]
    service.propose(session, ANNA, changeset, renamed)
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    published_shape = [replace(p, name=r.name, note=r.note) for p, r in zip(proposal("AAAB"), renamed, strict=True)]
    changeset = service.open_changeset(session, ANNA, [UPPER], "border")
    service.propose(session, ANNA, changeset, published_shape)
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    told = [(c.version_from, c.version_to, c.changed, c.actor) for c in history.history(session, code("B"))]
    assert told == [
        (2, 3, (), "user:anna"), (3, 4, ("name", "note"), "user:bert"), (4, None, ("geometry",), "user:bert")
    ]  # fmt: skip
    # A name alone is no lineage.
    assert links(session, "B") == {"BA": ("reshape", 0.5, None), "BB": ("reshape", 0.5, None)}


def test_addresses_follow_their_point_and_the_edge_rule(session: Session) -> None:
    county(session, "AABb")
    settle(session, 1, 0.5, 0.5)
    settle(session, 2, 1.5, 0.5)
    settle(session, 3, 1.0, 0.5)  # on the line to be
    settle(session, 4, 2.0, 0.5)  # on the line between A and B
    settle(session, 5, 3.0, 0.5)  # on the line to the next village
    assert doors(session) == {1: "A", 2: "A", 3: "A", 4: "A", 5: "B"}
    published(session, "AXBb", new="X")
    assert doors(session) == {1: "A", 2: "C", 3: "A", 4: "B", 5: "B"}


def test_a_new_code_below_that_of_the_next_village_takes_the_point_on_the_line(session: Session) -> None:
    county(session, "ab")
    add_division(session, 1, "village", UPPER, TOWNSHIP, None)
    settle(session, 1, 2.0, 0.5)
    assert doors(session) == {1: "b"}
    review.first_load(session, ANNA, "first", proposal("..A"))
    assert doors(session) == {1: "A"}


def test_shares_of_households_are_counted(session: Session) -> None:
    county(session, "AABB")
    for number, column in enumerate((0.2, 0.4, 0.6, 1.5), 1):
        settle(session, number, column, 0.5)
    published(session, "XYBB", new="XY")
    assert links(session, "A") == {"AC": ("split", 0.5, 0.75), "AD": ("split", 0.5, 0.25)}


def test_groups_go_with_their_members(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 0.5, 0.5, "A01")
    settle(session, 2, 1.5, 0.5, "A01")
    settle(session, 3, 1.5, 0.2, "A02")
    settle(session, 4, 2.5, 0.5, "B01")
    # A01 is divided, A02 wholly moves, B01 has nothing to do with it.
    published(session, "AXBB", new="X")
    assert members(session) == {1: "A01", 2: "C01", 3: "C02", 4: "B01"}
    assert groups(session) == {"A01": "A01组", "C01": "A01组", "C02": "A02组", "B01": "B01组"}
    assert history.group_successors(session, code("A") + "02") == [code("C") + "02"]
    assert history.group_successors(session, code("A") + "01") == [code("A") + "01", code("C") + "01"]


def test_groups_of_merged_grids_get_the_next_free_number(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 0.5, 0.5, "A01")
    settle(session, 2, 2.5, 0.5, "B01")
    settle(session, 3, 2.5, 0.2, "B02")
    published(session, "AAAA")
    assert members(session) == {1: "A01", 2: "A02", 3: "A03"}
    assert groups(session) == {"A01": "A01组", "A02": "B01组", "A03": "B02组"}


def test_a_group_number_is_never_used_again(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 2.5, 0.5, "B01")
    add_group(session, code("A") + "01", "leaves")
    session.execute(text("DELETE FROM household_group_version WHERE code LIKE '%00101'"))
    published(session, "AAAA")
    assert members(session) == {1: "A02"}


def test_a_hundredth_group_is_an_error(session: Session) -> None:
    county(session, "AABB")
    for number in range(1, 100):
        add_group(session, f"{code('A')}{number:02d}", "full")
    settle(session, 1, 2.5, 0.5, "B01")
    report = service.get_report(session, ANNA.caller, draft(session, "AAAA"))
    assert [(p.kind, p.grids) for p in report.problems if p.severity == "error"] == [("groups_full", (code("A"),))]


def test_an_empty_group_goes_with_a_renumbered_grid_and_ends_with_a_split_one(session: Session) -> None:
    county(session, "AABB")
    add_group(session, code("A") + "07", "waiting")
    add_group(session, code("B") + "07", "ending")
    published(session, "CCXY", new="XY")
    assert groups(session) == {"C07": "waiting"}


def test_a_household_outside_its_groups_grid_does_not_pull_the_group(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 2.5, 0.5, "A01")  # its door stands in B
    settle(session, 2, 0.5, 0.5, "A01")
    published(session, "AAXB", new="X")
    assert members(session) == {1: "A01", 2: "A01"}
    assert doors(session)[1] == "C"


def test_nobody_in_charge_is_lost(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 1.5, 0.5, "A01")
    put_in_charge(session, 1, "A")
    put_in_charge(session, 2, "A", "deputy")
    put_in_charge(session, 3, "B")
    put_in_charge(session, 4, "A01")
    published(session, "AXBB", new="X")
    assert in_charge(session) == {
        ("A", 1, "head"), ("A", 2, "deputy"), ("C", 1, "head"), ("C", 2, "deputy"), ("B", 3, "head"), ("C01", 4, "head")
    }  # fmt: skip
    published(session, "BBBB")
    # B gives most of its ground and lives on; the heads of the others stand in now.
    assert in_charge(session) == {("B", 3, "head"), ("B", 1, "deputy"), ("B", 2, "deputy"), ("B01", 4, "head")}


def test_a_transfer_moves_the_line_between_villages(session: Session) -> None:
    county(session, "AAbb")
    settle(session, 1, 1.5, 0.5, "A01")
    changeset = draft(session, "Abbb")
    report = service.get_report(session, ANNA.caller, changeset)
    assert [(p.kind, p.severity) for p in report.problems] == [("outline_moves", "warning")]
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    assert_is(session, "Abbb")
    assert members(session) == {1: "b01"}
    assert links(session, "A") == {"AA": ("reshape", 0.5, 0.0), "Ab": ("transfer", 0.5, 1.0)}
    # The township around them stays as it was.
    assert divisions.get_division(session, TOWNSHIP).valid_from == time_of(session, 1)


def test_outlines_above_follow_when_ground_leaves_them(session: Session) -> None:
    county(session, "AA")
    other = COUNTY + "102"
    village = other + "200"
    east = areas("..bb")["b"]
    add_division(session, 1, "township", other, COUNTY, east)
    add_division(session, 1, "village", village, other, east)
    moved = [replace(p, village_code=village, code=village + "001") for p in proposal("..bb")]
    review.first_load(session, ANNA, "next door", moved)
    changeset = service.open_changeset(session, ANNA, [UPPER, village], "the bridge is the border")
    content = [*proposal("A"), replace(moved[0], geometry=areas(".bbb")["b"])]
    service.propose(session, ANNA, changeset, content)
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    for division, drawn in ((TOWNSHIP, "A"), (UPPER, "A"), (other, ".bbb"), (village, ".bbb")):
        found = divisions.get_division(session, division)
        assert found.outline is not None and found.outline.equals(outline(drawn)), division
        assert found.outline_source == "invented for tests"
    # The county is what it was.
    assert divisions.get_division(session, COUNTY).valid_from == time_of(session, 1)


def test_a_renumbering_follows_the_standard(session: Session) -> None:
    county(session, "BBAA")
    settle(session, 1, 0.5, 0.5, "B05")
    changeset = service.open_changeset(session, ANNA, [UPPER], "renumber")
    assert service.propose_renumbering(session, ANNA, changeset, UPPER) == {code("B"): code("C"), code("A"): code("D")}
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    assert_is(session, "CCDD")
    assert links(session, "B") == {"BC": ("renumber", 1.0, 1.0)}
    assert members(session) == {1: "C05"}
    again = service.open_changeset(session, ANNA, [UPPER], "again")
    assert service.propose_renumbering(session, ANNA, again, UPPER) == {}


def test_an_old_code_resolves_through_generations(session: Session) -> None:
    county(session, "AAAB")
    settle(session, 1, 0.5, 0.5)
    settle(session, 2, 1.5, 0.5)
    published(session, "CDDB")
    published(session, "CDEB", new="E")
    published(session, "CFFF")
    found = history.successors_of(session, code("A"))
    assert [(letter(s.code), round(s.share_area, 3), s.share_households) for s in found] == [
        ("C", 0.333, 0.5), ("F", 0.667, 0.5)
    ]  # fmt: skip
    above = history.lineage(session, code("F")).predecessors
    assert sorted({letter(step.predecessor) for step in above}) == ["A", "B", "D", "E"]


def test_where_households_went_is_counted_once_they_were_mixed(session: Session) -> None:
    """A quarter of the merged grid's households live in D, but all of those of A do: shares can't be multiplied."""
    county(session, "AABB")
    for number in (1, 2):
        settle(session, number, 0.5, 0.5)
    for number in range(3, 9):
        settle(session, number, 2.5, 0.5)
    published(session, "CCCC", new="C")
    published(session, "DEEE", new="DE")
    expected = [("D", 0.5, 1.0), ("E", 0.5, 0.0)]
    for found in (heirs.successors_of(session, code("A")), heirs.lineage(session, code("A")).now):
        assert [(letter(s.code), round(s.share_area, 3), s.share_households) for s in found] == expected
    (steps,) = [history.lineage(session, code("C")).successors]
    assert {letter(step.successor): step.share_households for step in steps} == {"D": 0.25, "E": 0.75}


def test_where_nobody_lives_any_more_shares_are_carried_through(session: Session) -> None:
    county(session, "AABB")
    published(session, "CCCC", new="C")
    published(session, "DEEE", new="DE")
    assert heirs.successors_of(session, code("A")) == history.successors_of(session, code("A"))


def test_reverting_brings_back_the_same_grids_groups_and_people(session: Session) -> None:
    county(session, "AABB")
    settle(session, 1, 0.5, 0.5, "A01")
    settle(session, 2, 1.5, 0.5, "A01")
    put_in_charge(session, 1, "A01")
    changeset = published(session, "CDBB", new="CD", title="split A")
    assert members(session) == {1: "C01", 2: "D01"}
    reverting = review.revert(session, BERT, changeset)
    review.submit(session, BERT, reverting)
    review.publish(session, ANNA, reverting)
    assert_is(session, "AABB")
    assert members(session) == {1: "A01", 2: "A01"}
    assert groups(session) == {"A01": "A01组"}
    assert in_charge(session) == {("A01", 1, "head")}
    assert service.get_report(session, ANNA.caller, changeset).changeset.status == "reverted"
    assert [letter(s.code) for s in history.successors_of(session, code("C"))] == ["A"]
    assert [letter(s.code) for s in history.successors_of(session, code("A"))] == ["A"]
    with pytest.raises(WrongStatus):
        review.revert(session, BERT, changeset)


def test_a_transfer_can_be_reverted(session: Session) -> None:
    county(session, "AAbb")
    changeset = published(session, "Abbb")
    reverting = review.revert(session, BERT, changeset)
    review.submit(session, BERT, reverting)
    review.publish(session, ANNA, reverting)
    assert_is(session, "AAbb")


def test_what_came_later_is_reverted_first(session: Session) -> None:
    county(session, "AABB")
    first = published(session, "AXBB", new="X", title="first")
    published(session, "AABB", title="second")
    with pytest.raises(StaleBase, match="“second”"):
        review.revert(session, ANNA, first)


def test_a_first_load_has_nothing_to_go_back_to(session: Session) -> None:
    county(session, "AABB")
    (loaded,) = service.list_changesets(session, ANNA.caller)
    with pytest.raises(WrongStatus, match="first load"):
        review.revert(session, BERT, loaded.id)


def test_a_stale_base_is_refused_and_names_the_other(session: Session) -> None:
    county(session, "AABB")
    slow = submitted(session, "AXBB", new="X", title="slow")
    published(session, "AABX", new="X", title="quick")
    with pytest.raises(StaleBase, match=r"changeset \d+ “quick”, version 3, by user:bert"):
        review.publish(session, BERT, slow)
    # Drawn again on what is there now, it can go.
    review.reject(session, BERT, slow, "drawn on an old state")
    service.propose(session, ANNA, slow, proposal("AXBC", new="X"), base_version=3)
    review.submit(session, ANNA, slow)
    review.publish(session, BERT, slow)
    assert_is(session, "ADBC")


def test_another_village_makes_nothing_stale(session: Session) -> None:
    county(session, "AAbb")
    mine = submitted(session, "AX", new="X")
    published(session, "..bx", new="x")
    review.publish(session, BERT, mine)
    assert_is(session, "ABbc")


def test_nobody_publishes_his_own(session: Session) -> None:
    county(session, "AABB")
    changeset = submitted(session, "AXBB", new="X")
    for same in (ANNA, actor("Anna")):
        with pytest.raises(OwnChange):
            review.publish(session, same, changeset)
    assert_is(session, "AABB")


def test_each_step_begins_where_it_should(session: Session) -> None:
    county(session, "AABB")
    changeset = draft(session, "AXBB", new="X")
    with pytest.raises(WrongStatus, match="is draft and can't be published"):
        review.publish(session, BERT, changeset)
    with pytest.raises(WrongStatus):
        review.reject(session, BERT, changeset, "no")
    review.submit(session, ANNA, changeset)
    with pytest.raises(WrongStatus):
        review.submit(session, ANNA, changeset)
    with pytest.raises(WrongStatus):
        service.propose(session, ANNA, changeset, proposal("AABB"))
    with pytest.raises(InvalidInput):
        review.reject(session, BERT, changeset, "  ")
    review.reject(session, BERT, changeset, "the river, not the road")
    report = service.get_report(session, ANNA.caller, changeset).changeset
    assert (report.status, report.reason, report.decided_by) == ("rejected", "the river, not the road", "user:bert")
    service.propose(session, ANNA, changeset, proposal("AABX", new="X"))
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    with pytest.raises(WrongStatus):
        review.publish(session, BERT, changeset)


def test_only_the_author_edits_and_only_in_scope(session: Session) -> None:
    county(session, "AAbb")
    changeset = draft(session, "AX", new="X")
    with pytest.raises(Forbidden):
        service.propose(session, BERT, changeset, proposal("AA"))
    elsewhere = actor("carl", LOWER)
    with pytest.raises(Forbidden):
        service.get_report(session, elsewhere.caller, changeset)
    with pytest.raises(Forbidden):
        service.open_changeset(session, elsewhere, [UPPER], "not mine")
    assert service.list_changesets(session, elsewhere.caller, status="draft") == []
    assert [c.id for c in service.list_changesets(session, actor("dora", UPPER).caller, status="draft")] == [changeset]


def test_what_is_no_village_has_no_changeset(session: Session) -> None:
    county(session, "AA")
    with pytest.raises(InvalidInput, match="only villages have grids"):
        service.open_changeset(session, ANNA, [TOWNSHIP], "town")
    with pytest.raises(NotFound):
        service.open_changeset(session, ANNA, [TOWNSHIP + "999"], "nowhere")
    with pytest.raises(InvalidInput):
        service.open_changeset(session, ANNA, [], "nothing")
    with pytest.raises(InvalidInput):
        service.open_changeset(session, ANNA, [UPPER], " ")
    with pytest.raises(NotFound):
        service.get_report(session, ANNA.caller, 99)


def test_nothing_changed_is_nothing_to_submit(session: Session) -> None:
    county(session, "AABB")
    with pytest.raises(HasErrors, match="proposes nothing"):
        review.submit(session, ANNA, draft(session, "AABB"))
