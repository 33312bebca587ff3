"""What maps show while the database is away: divisions, grids and where groups live, as a snapshot has them.

Nothing is counted of households and persons then, and no shelter is known: a map says so by leaving them out.
"""

from collections.abc import Mapping, Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.divisions.model import LEVELS
from gridmap.divisions.service import DivisionRecord
from gridmap.errors import NotFound
from gridmap.grids.service import GridRecord
from gridmap.maps.hulls import outlines_around
from gridmap.maps.service import (
    MAX_GRIDS,
    MAX_GRIDS_WITH_GROUPS,
    DivisionShape,
    GridShape,
    GroupShape,
    InstallationState,
    MapContent,
    smallest_shared,
)
from gridmap.snapshot.groups import read_groups
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry


def default_division(snapshot: Snapshot, told: tuple[str, ...] = ("",)) -> DivisionRecord | None:
    """As `service.default_division`."""
    registry = Registry.of(snapshot)
    if len(told) == 1 and told[0]:
        return registry.get_division(told[0][:12])
    counties = sorted({code[:6] for code, _, _ in snapshot.villages.listing if code.startswith(told)})
    if counties:
        return registry.get_division(smallest_shared([registry.chain_above(code) for code in counties]))
    drawn = min(registry.outlines, key=lambda code: (len(code), code), default=None)
    return None if drawn is None else registry.get_division(drawn)


def load_content(snapshot: Snapshot, within: str, prefixes: tuple[str, ...]) -> MapContent:
    """What a map of a division shows of what has one of the code prefixes.

    Raises DatabaseUnavailable for a division that is not current.
    """
    registry = Registry.of(snapshot)
    division = registry.get_division(within)
    few = sum(code.startswith(prefixes) for code, _, _ in snapshot.villages.listing) <= MAX_GRIDS
    grids = registry.list_grids(prefixes=prefixes) if few else []
    origin = snapshot.manifest.origin.published_at or snapshot.manifest.written_at
    return MapContent(
        state=InstallationState(snapshot.version, origin, demo=False),
        within=division,
        finest="grid" if few else "township",
        divisions=_divisions(registry, division, prefixes, grids if few else None),
        grids=tuple(GridShape(grid, None, None, None) for grid in grids),
        groups=_groups(snapshot, grids) if len(grids) <= MAX_GRIDS_WITH_GROUPS else (),
        shelters=(),
    )


def _divisions(
    registry: Registry, within: DivisionRecord, prefixes: tuple[str, ...], grids: Sequence[GridRecord] | None
) -> tuple[DivisionShape, ...]:
    """Those from the county down; villages only with their grids."""
    outlines: dict[str, BaseGeometry] = {**registry.outlines, **({} if grids is None else _of_villages(grids))}
    levels = {"county", "township"} | (set() if grids is None else {"village"})
    found = [
        DivisionShape(each.code, each.level, each.name, each.name_bo, outlines[each.code])
        for each in registry.names()
        if each.code in outlines
        and each.code.startswith(prefixes)
        and (each.level in levels or each.code == within.code)
    ]
    return tuple(sorted(found, key=lambda shape: (LEVELS.index(shape.level), shape.code)))


def _of_villages(grids: Sequence[GridRecord]) -> dict[str, BaseGeometry]:
    """The outline of a village that has grids is their union."""
    by_village: dict[str, list[BaseGeometry]] = {}
    for grid in grids:
        by_village.setdefault(grid.village_code, []).append(grid.geometry)
    return {code: shapely.union_all(shapes) for code, shapes in by_village.items()}


def _groups(snapshot: Snapshot, grids: Sequence[GridRecord]) -> tuple[GroupShape, ...]:
    shapes = {grid.code: grid.geometry for grid in grids}
    members, names = _members(snapshot, shapes)
    outlines = outlines_around(members, {code: shapes[code[:15]] for code in members})
    return tuple(GroupShape(code, names[code], None, None, outlines.get(code)) for code in sorted(members))


def _members(
    snapshot: Snapshot, grids: Mapping[str, object]
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, str]]:
    """Where the members of the grids' groups live, and the groups' names."""
    members: dict[str, list[tuple[float, float]]] = {}
    names: dict[str, str] = {}
    villages = {code[:12] for code in grids}
    try:
        rows = snapshot.rows("groups").to_pylist()
    except NotFound:
        rows = []
    for row in rows:
        for found in (read_groups(row) if row["code"] in villages else {}).values():
            for lon, lat, place in found.points.tolist():
                group = found.groups[int(place)]
                if group.code[:15] in grids:
                    members.setdefault(group.code, []).append((lon, lat))
                    names[group.code] = group.name or ""
    return members, names
