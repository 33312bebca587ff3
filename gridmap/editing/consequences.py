"""What a plan moves in the rooms below: read from the database, computed by `moves` and `charges`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.editing import queries
from gridmap.editing.charges import Charge, hand_over, sources_by_area
from gridmap.editing.ground import bounds_of
from gridmap.editing.moves import Door, Groups, Member, Moves, follow, relocate
from gridmap.editing.plan import Plan
from gridmap.editing.proposal import Ground, valid_shapes
from gridmap.geo.arrays import Polygonal
from gridmap.grids import history
from gridmap.grids import service as grids


@dataclass(frozen=True, slots=True)
class Consequences:
    """What moves, and who answers for what afterwards: charges that end with their codes, and new ones."""

    moves: Moves
    ended_charges: Sequence[str]
    new_charges: Sequence[Charge]


def consequences(session: Session, ground: Ground, plan: Plan, *, reverted_version: int | None = None) -> Consequences:
    """Everything that publishing the plan would move. `reverted_version` is the one that it takes back, if any."""
    shapes = valid_shapes({code: state.geometry for code, state in plan.after.items()})
    county_code = next(iter(ground.outlines))[:6]
    names = grids.groups_in(session, list(ground.grids))
    doors = _doors(session, county_code, ground, shapes, list(names))
    moves = relocate(doors, ground.grids, shapes, ground.neighbours)
    concerned = sorted({door.code for door in doors if door.grid_code in ground.grids} | {move.id for move in moves})
    members = [
        Member(row[0], row[1], row[2])
        for row in queries.members_concerned(session, county_code, concerned, list(names))
    ]
    moved = follow(
        moves, doors, members, _groups(session, names, doors, shapes, reverted_version), _heirs(ground, plan)
    )
    return Consequences(moved, *_charges(session, county_code, ground, plan, moved))


def _doors(
    session: Session, county_code: str, ground: Ground, shapes: Mapping[str, Polygonal], groups: Sequence[str]
) -> list[Door]:
    """Addresses in or about the villages, and those of group members who live elsewhere."""
    bbox = bounds_of([*ground.shapes.values(), *shapes.values()])
    box = None if bbox is None else (bbox.west, bbox.south, bbox.east, bbox.north)
    elsewhere = [row[1] for row in queries.members_concerned(session, county_code, [], groups)]
    rows = queries.doors_concerned(session, county_code, list(ground.grids), box, elsewhere)
    return [Door(*row) for row in rows]


def _groups(
    session: Session,
    names: Mapping[str, str],
    doors: Sequence[Door],
    shapes: Mapping[str, Polygonal],
    reverted_version: int | None,
) -> Groups:
    """The groups of the grids concerned. What is taken back gives members back the group they came from."""
    codes = {*shapes, *(door.grid_code for door in doors if door.grid_code is not None)}
    links = [] if reverted_version is None else history.group_predecessors(session, reverted_version)
    return Groups(
        names=names,
        used=frozenset(grids.group_codes_ever_used(session, sorted(codes))),
        former={(successor, predecessor[:15]): predecessor for predecessor, successor in reversed(links)},
    )


def _heirs(ground: Ground, plan: Plan) -> dict[str, list[str]]:
    """The grids that get ground of each grid that ends."""
    heirs: dict[str, list[str]] = {code: [] for code in ground.grids if code not in plan.after}
    for part, _ in plan.steps:
        if part.before in heirs:
            heirs[part.before].append(part.after)
    return heirs


def _charges(
    session: Session, county_code: str, ground: Ground, plan: Plan, moved: Moves
) -> tuple[list[str], list[Charge]]:
    areas = {code: grid.area_m2 for code, grid in ground.grids.items()}
    sources = sources_by_area([part for part, _ in plan.steps], areas, ground.grids, plan.after)
    for group in moved.groups:
        sources.setdefault(group.after, []).append(group.before)
    ended = [*(code for code in ground.grids if code not in plan.after), *moved.closed_groups]
    concerned = {*ended, *sources, *(code for olds in sources.values() for code in olds)}
    before = [
        Charge(row.code, row.officer_id, row.role)
        for row in queries.charges_of(session, county_code, sorted(concerned))
    ]
    after = hand_over(before, sources, ended)
    return ended, [charge for charge in after if charge not in set(before)]
