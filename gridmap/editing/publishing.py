"""Writing a plan: the one place where a changeset becomes true. All of it happens in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.db.history import keeping
from gridmap.db.versions import append_event, raise_version
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.divisions.writing import replace_divisions
from gridmap.editing import queries
from gridmap.editing.consequences import Consequences
from gridmap.editing.effect import effect_of, links_of
from gridmap.editing.model import Changeset
from gridmap.editing.moves import Moves
from gridmap.editing.outlines import parent_outline
from gridmap.editing.plan import Plan
from gridmap.geo.arrays import Polygonal
from gridmap.grids.writing import (
    GroupLink,
    replace_grids,
    replace_groups,
    write_group_lineage,
    write_lineage,
)
from gridmap.households.model import Household


def write_plan(session: Session, changeset: Changeset, plan: Plan, found: Consequences, actor: str) -> int:
    """Makes a plan true and returns its dataset version. The caller holds the locks of the villages.

    Everything that takes time has been computed before: other publishers wait from here on.
    """
    version = raise_version(session, actor, changeset.title)
    begun = [plan.after[code] for code in plan.with_action("add", "change")]
    replace_grids(session, version, plan.with_action("change", "retire"), begun)
    write_lineage(session, links_of(plan, found.moves, version))
    _write_moves(session, changeset.county_code, version, found, actor)
    write_outlines(session, version, plan.outlines)
    changeset.effect = effect_of(plan, found)
    payload = {
        "changeset": changeset.id,
        "title": changeset.title,
        "villages": changeset.villages,
        **{action: plan.with_action(action) for action in ("add", "change", "retire")},
    }
    append_event(session, "changeset_published", payload, county_code=changeset.county_code, version=version)
    return version


def _write_moves(session: Session, county_code: str, version: int, found: Consequences, actor: str) -> None:
    """Moves what the change takes along; addresses and households tell it in their history, and read anew."""
    moves: Moves = found.moves
    replace_groups(session, version, moves.closed_groups, {g.after: g.name for g in moves.groups if g.is_new})
    write_group_lineage(session, version, [GroupLink(g.before, g.after, g.households) for g in moves.groups])
    doors = {move.id: move.after for move in moves.addresses}
    homes = sorted({move.id for move in (*moves.households, *moves.memberships)})
    kept = (session, actor, "publish")
    with keeping(*kept, Address, list(doors)), keeping(*kept, Household, homes):
        queries.set_address_grids(session, county_code, doors)
        queries.set_household_groups(session, county_code, {move.id: move.after for move in moves.memberships})
        queries.touch_households(session, homes)
    charges = [
        {"county_code": county_code, "code": charge.code, "officer_id": charge.officer_id, "role": charge.role}
        for charge in found.new_charges
    ]
    queries.replace_charges(session, county_code, found.ended_charges, charges)


def write_outlines(session: Session, version: int, outlines: Mapping[str, Polygonal]) -> None:
    """Gives villages new outlines, and those above them where theirs change by it.

    Reads the outlines above only now, behind the lock of the version: another village may just have changed them.
    """
    before = {code: divisions.get_division(session, code) for code in outlines}
    after = dict(outlines)
    step = dict(before)
    while step:
        parents = _parents(session, step, after)
        before |= parents
        step = parents
    begun = [
        replace(record, outline=after[code], outline_source=record.outline_source or "union of its grids")
        for code, record in before.items()
    ]
    replace_divisions(session, version, before, begun)


def _parents(
    session: Session, children: Mapping[str, DivisionRecord], after: dict[str, Polygonal]
) -> dict[str, DivisionRecord]:
    """The divisions above some whose outline changes with theirs; puts their new outlines into `after`.

    A child that had no outline changes nothing above it: its ground was in theirs already.
    """
    families: dict[str, list[DivisionRecord]] = {}
    for child in children.values():
        if child.parent is not None and child.outline is not None:
            families.setdefault(child.parent, []).append(child)
    changed: dict[str, DivisionRecord] = {}
    for code, family in families.items():
        parent = divisions.get_division(session, code)
        old = [child.outline for child in family if isinstance(child.outline, Polygonal)]
        if isinstance(parent.outline, Polygonal):
            outline = parent_outline(parent.outline, old, [after[child.code] for child in family])
            if outline is not None:
                after[code], changed[code] = outline, parent
    return changed
