"""The three digits of a grid within its village: which are free, and the order that the standard asks for."""

from collections.abc import Collection, Iterable, Mapping
from statistics import median

import shapely

from gridmap.errors import Conflict
from gridmap.geo.arrays import Polygonal

LAST = 999
LAST_GROUP = 99


class NumberingFull(Conflict):
    """A village, or a grid for its groups, has no numbers left."""

    code = "numbering_full"


def take_free(village_code: str, used: Collection[str], count: int = 1) -> list[str]:
    """The next free grid codes of a village. `used` are all codes that it ever had: none is given again.

    Behind the highest number first; when 999 is reached, the numbers that were skipped. Raises NumberingFull.

    >>> take_free("623022101200", ["623022101200001", "623022101200007"], 2)
    ['623022101200008', '623022101200009']
    """
    taken = _numbers(village_code, used)
    above = range(max(taken, default=0) + 1, LAST + 1)
    skipped = (number for number in range(1, max(taken, default=0)) if number not in taken)
    free = [*above, *skipped][:count]
    if len(free) < count:
        raise NumberingFull(
            f"Village {village_code} needs {count} new grid codes and has {len(free)} left: "
            f"{LAST} is the last number, and a number that was used is never given again."
        )
    return [_code(village_code, number) for number in free]


def take_group(grid_code: str, used: Collection[str]) -> str:
    """The next free group code of a grid. `used` are all codes that it ever had. Raises NumberingFull.

    >>> take_group("623022101200001", ["62302210120000101", "62302210120000103"])
    '62302210120000104'
    """
    taken = {int(code[15:]) for code in used if code.startswith(grid_code)}
    highest = max(taken, default=0)
    free = [*range(highest + 1, LAST_GROUP + 1), *(number for number in range(1, highest) if number not in taken)]
    if not free:
        raise NumberingFull(
            f"Grid {grid_code} has no group number left: {LAST_GROUP} is the last, and none is given again."
        )
    return f"{grid_code}{free[0]:02d}"


def renumber(grids: Mapping[str, Polygonal], used: Collection[str]) -> list[tuple[str, str]]:
    """Old and new codes of the grids of one village, in the order of the standard; empty when they stand in it.

    Since no code is given to another grid, the new ones are the next free numbers in a row, 001 only where none was
    ever used. Raises NumberingFull when that row does not fit.
    """
    order = standard_order(grids)
    if order == sorted(grids):
        return []
    village_code = order[0][:12]
    first = max(_numbers(village_code, [*used, *grids]), default=0) + 1
    if first + len(order) - 1 > LAST:
        raise NumberingFull(
            f"Village {village_code} can't be renumbered: {len(order)} numbers in a row are wanted, "
            f"and behind {first - 1:03d} only {LAST - first + 1} are free."
        )
    return [(old, _code(village_code, first + place)) for place, old in enumerate(order)]


def standard_order(grids: Mapping[str, Polygonal]) -> list[str]:
    """The keys from west to east, row by row from north to south.

    A grid stands at its centroid, or where that lies outside it, at a point surely inside (whose latitude depends on
    single vertices, so it is only second best). A row holds the northernmost grid that is left and all whose
    points lie at most half a usual grid's height (the median) south of it: so a wavy row stays one row, and which
    grids share a row does not depend on where a raster would have been laid.
    """
    if not grids:
        return []
    places = {key: _place(geometry) for key, geometry in grids.items()}
    reach = median(_height(geometry) for geometry in grids.values()) / 2
    order: list[str] = []
    row: list[str] = []
    for key in _sorted(places, (1, -1), (0, 1)):
        if row and places[row[0]][1] - places[key][1] > reach:
            order += _west_to_east(row, places)
            row = []
        row.append(key)
    return order + _west_to_east(row, places)


def _west_to_east(row: Iterable[str], places: Mapping[str, tuple[float, float]]) -> list[str]:
    return _sorted({key: places[key] for key in row}, (0, 1), (1, -1))


def _sorted(places: Mapping[str, tuple[float, float]], *by: tuple[int, int]) -> list[str]:
    """Keys by coordinates (0 lon, 1 lat), ascending or descending; equal places by key."""
    return sorted(places, key=lambda key: (*(places[key][axis] * sign for axis, sign in by), key))


def _place(geometry: Polygonal) -> tuple[float, float]:
    centroid = shapely.centroid(geometry)
    point = centroid if geometry.intersects(centroid) else shapely.point_on_surface(geometry)
    return float(point.x), float(point.y)


def _height(geometry: Polygonal) -> float:
    _, south, _, north = geometry.bounds
    return float(north - south)


def _numbers(village_code: str, codes: Iterable[str]) -> set[int]:
    return {int(code[12:]) for code in codes if code.startswith(village_code)}


def _code(village_code: str, number: int) -> str:
    return f"{village_code}{number:03d}"
