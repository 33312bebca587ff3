"""What is drawn of a division: outlines, grids with their counts, outlines around groups, shelters."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.db.geometry import to_shapely
from gridmap.divisions import service as divisions
from gridmap.divisions.model import LEVELS
from gridmap.divisions.service import DivisionRecord, NamedDivision
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.maps import queries
from gridmap.maps.hulls import outlines_around
from gridmap.snapshot import counts

DEMO_FACT = "demo"
MAX_GRIDS = 5_000
"""More grids than this are not drawn one by one: no screen shows them and no browser is quick with them."""
MAX_GRIDS_WITH_GROUPS = 1_500


@dataclass(frozen=True, slots=True)
class InstallationState:
    """What the frame of a page tells: the newest version (0 before the first), and whether the data are invented."""

    version: int
    published_at: datetime
    demo: bool


@dataclass(frozen=True, slots=True)
class DivisionShape:
    """A division to draw."""

    code: str
    level: str
    name: str
    name_bo: str | None
    outline: BaseGeometry


@dataclass(frozen=True, slots=True)
class GridShape:
    """A grid to draw, with its counts; None for those that are not known."""

    record: GridRecord
    households: int | None
    persons: int | None
    groups: int | None


@dataclass(frozen=True, slots=True)
class GroupShape:
    """A household group to draw: the outline around its members' houses inside its grid, None without members."""

    code: str
    name: str
    households: int | None
    persons: int | None
    outline: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class ShelterPlace:
    """A shelter to draw."""

    id: str
    name: str
    name_bo: str | None
    kind: str
    capacity: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class MapContent:
    """Everything that a map of a division shows, as true now. `finest` is the smallest level that is drawn."""

    state: InstallationState
    within: DivisionRecord
    finest: str
    divisions: tuple[DivisionShape, ...]
    grids: tuple[GridShape, ...]
    groups: tuple[GroupShape, ...]
    shelters: tuple[ShelterPlace, ...]


def installation_state(session: Session) -> InstallationState:
    """What is true of the whole installation."""
    newest = queries.newest_version(session) or (0, datetime.min)  # noqa: DTZ901 - never shown: version 0 has no time
    return InstallationState(*newest, demo=queries.has_fact(session, DEMO_FACT))


def default_division(session: Session, told: tuple[str, ...] = ("",)) -> DivisionRecord | None:
    """The smallest division that holds everything loaded and told: a county, or what several have in common.

    `told` are the code prefixes that the reader may see. None when there is nothing to draw.
    """
    if len(told) == 1 and told[0]:
        return divisions.get_division(session, told[0][:12])
    counties = [code for code in queries.counties_with_grids(session) if code.startswith(told)]
    if not counties:
        code = queries.first_division_with_outline(session)
        return None if code is None else divisions.get_division(session, code)
    chains = [divisions.chain_above(session, code) for code in counties]
    return divisions.get_division(session, smallest_shared(chains))


def smallest_shared(chains: Sequence[Sequence[NamedDivision]]) -> str:
    """The code of the smallest division that several chains, each province first, have in common.

    Of several provinces the one with the most counties: an exercise beside it must not hide it.
    """
    provinces = Counter(chain[0].code for chain in chains)
    most = max(sorted(provinces), key=provinces.__getitem__)
    alike = [chain for chain in chains if chain[0].code == most]
    return next(d.code for d in reversed(alike[0]) if all(any(d.code == o.code for o in chain) for chain in alike))


def load_content(session: Session, within: str, prefixes: tuple[str, ...] | None = None) -> MapContent:
    """What a map of a division shows. Raises NotFound for a division that does not exist.

    `prefixes` are those of everything in it unless the reader may see less.
    """
    division = divisions.get_division(session, within)
    if prefixes is None:
        prefixes = divisions.prefixes_within(session, within)
    number = queries.count_grids(session, prefixes)
    drawn = _grids(session, prefixes) if number <= MAX_GRIDS else ()
    return MapContent(
        state=installation_state(session),
        within=division,
        finest="grid" if number <= MAX_GRIDS else "township",
        divisions=_divisions(session, division, prefixes, villages=number <= MAX_GRIDS),
        grids=drawn,
        groups=_groups(session, prefixes, drawn) if len(drawn) <= MAX_GRIDS_WITH_GROUPS else (),
        shelters=_shelters(session, prefixes) if number <= MAX_GRIDS else (),
    )


def _divisions(
    session: Session, within: DivisionRecord, prefixes: Sequence[str], *, villages: bool
) -> tuple[DivisionShape, ...]:
    # The division itself is drawn as what it is; what lies above a county only when it was asked for.
    levels = [level for level in ("county", "township", "village") if level != "village" or villages]
    rows = queries.divisions_with_outline(session, prefixes, levels)
    shapes = [
        DivisionShape(row.code, level, row.name, row.name_bo, to_shapely(row.outline))
        for row, level in rows
        if row.outline is not None
    ]
    if within.outline is not None and within.level not in levels and within.code.startswith(tuple(prefixes)):
        shapes.insert(0, DivisionShape(within.code, within.level, within.name, within.name_bo, within.outline))
    return tuple(sorted(shapes, key=lambda d: (LEVELS.index(d.level), d.code)))


def _grids(session: Session, prefixes: Sequence[str]) -> tuple[GridShape, ...]:
    records = grids.list_grids(session, prefixes=prefixes, limit=MAX_GRIDS)
    people = counts.households_by_grid(session, [record.code for record in records])
    groups_in: dict[str, int] = {}
    for row in queries.groups(session, prefixes):
        groups_in[row.grid_code] = groups_in.get(row.grid_code, 0) + 1
    return tuple(GridShape(record, *people[record.code], groups_in.get(record.code, 0)) for record in records)


def _groups(session: Session, prefixes: Sequence[str], drawn: Sequence[GridShape]) -> tuple[GroupShape, ...]:
    members: dict[str, list[tuple[float, float]]] = {}
    persons: dict[str, int] = {}
    for group, lon, lat, number in queries.member_points(session, prefixes):
        members.setdefault(group, []).append((lon, lat))
        persons[group] = persons.get(group, 0) + number
    shapes = {grid.record.code: grid.record.geometry for grid in drawn}
    outlines = outlines_around(members, {code: shapes[code[:15]] for code in members if code[:15] in shapes})
    return tuple(
        GroupShape(row.code, row.name, len(members.get(row.code, ())), persons.get(row.code, 0), outlines.get(row.code))
        for row in queries.groups(session, prefixes)
    )


def _shelters(session: Session, prefixes: Sequence[str]) -> tuple[ShelterPlace, ...]:
    return tuple(ShelterPlace(*row) for row in queries.shelters(session, prefixes))
