"""A small picture of a grid with its household groups, in plain figures for a template to draw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely

from gridmap.geo.arrays import Polygonal
from gridmap.maps.hulls import outlines_around

WIDTH = 480
_MARGIN = 12
_TALLEST = 640
_GROUNDS = 4
_LEAST_AROUND_DEG = 0.0005

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PicturedGroup:
    """A group: the outline around its members as an SVG path, its number where that has room, and its colour."""

    code: str
    path: str
    label: Place
    ground: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A household; `moved` when its group is another one than in the picture beside."""

    place: Place
    moved: bool


@dataclass(frozen=True, slots=True)
class GroupPicture:
    """What is drawn, in a box of `width` and `height` whose y runs down."""

    width: int
    height: int
    outline: str
    groups: Sequence[PicturedGroup]
    dots: Sequence[Dot]


class _Frame:
    """From degrees to the box: north is up, metres are square."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self._squeeze = math.cos(math.radians((south + north) / 2))
        wide, tall = (east - west) * self._squeeze, north - south
        room = WIDTH - 2 * _MARGIN
        self._scale = min(room / wide, (_TALLEST - 2 * _MARGIN) / tall)
        self._west, self._north = west - (room / self._scale - wide) / 2 / self._squeeze, north
        self.height = math.ceil(tall * self._scale) + 2 * _MARGIN

    def place(self, lon: float, lat: float) -> Place:
        x = (lon - self._west) * self._squeeze * self._scale + _MARGIN
        return round(x, 1), round((self._north - lat) * self._scale + _MARGIN, 1)

    def path(self, shape: shapely.Geometry) -> str:
        rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
        return " ".join(f"M{' '.join(f'{x} {y}' for x, y in map(self._pair, ring.coords))}Z" for ring in rings)

    def _pair(self, coordinates: tuple[float, ...]) -> Place:
        return self.place(coordinates[0], coordinates[1])


def draw_groups(
    outline: Polygonal, members: Mapping[str, Sequence[Place]], dots: Sequence[tuple[float, float, bool]]
) -> GroupPicture:
    """A grid and its groups. `members` are lon, lat by group code; `dots` lon, lat and whether the household moves."""
    frame = _Frame(*_seen(outline, [(lon, lat) for lon, lat, _ in dots]))
    shapes = outlines_around(members, dict.fromkeys(members, outline))
    groups = [
        PicturedGroup(code, frame.path(shape), _label(frame, shape), number % _GROUNDS)
        for number, (code, shape) in enumerate(sorted(shapes.items()))
        if isinstance(shape, Polygonal)
    ]
    placed = [Dot(frame.place(lon, lat), moved) for lon, lat, moved in dots]
    return GroupPicture(WIDTH, frame.height, frame.path(outline), groups, placed)


def _seen(outline: Polygonal, places: Sequence[Place]) -> tuple[float, float, float, float]:
    """What is drawn: where the houses are with some ground around them; the grid itself may be pasture for miles."""
    whole = shapely.box(*outline.bounds)
    if not places:
        return whole.bounds
    houses = shapely.box(*shapely.MultiPoint(places).bounds)
    west, south, east, north = houses.bounds
    around = shapely.buffer(houses, max(_LEAST_AROUND_DEG, 0.15 * max(east - west, north - south)), join_style="mitre")
    return shapely.intersection(around, whole).bounds


def _label(frame: _Frame, shape: Polygonal) -> Place:
    point = shapely.point_on_surface(shape)
    return frame.place(point.x, point.y)
