"""Answers as addok and the French BAN write them, for clients that know those: GeoJSON features and CSV columns.

Only what was surely found is told as a door: these clients know no match level, and would take a neighbour for it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridmap.access.caller import narrow
from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Known
from gridmap.addresses.search.answer import HALF_KM
from gridmap.addresses.search.asking import Asking, Match, segments_of
from gridmap.addresses.search.bulk import LONGEST_TEXT, Remembered, degrees
from gridmap.addresses.search.index import AddressIndex, Near
from gridmap.addresses.search.inside import meanings_inside
from gridmap.addresses.segments import Segments
from gridmap.exchange.address_csv import cells_point, cells_text
from gridmap.geo.crs import Crs
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import distance_m

DEGREES = Crs.parse("EPSG:4490")
ATTRIBUTION, LICENCE = "gridmap", "internal"
FIELDS = ("name", "street", "district", "city", "citycode", "context")
SEARCH_HEADERS = (
    "latitude", "longitude", "result_label", "result_score", "result_type", "result_id", "result_housenumber",
    *(f"result_{name}" for name in FIELDS), "result_match_level", "result_grid_code", "result_status",
)  # fmt: skip
REVERSE_HEADERS = (
    "result_latitude", "result_longitude", "result_label", "result_distance", "result_type", "result_id",
    "result_housenumber", *(f"result_{name}" for name in FIELDS), "result_grid_code", "result_status",
)  # fmt: skip
LON_NAMES, LAT_NAMES = ("lon", "lng", "long", "longitude"), ("lat", "latitude")
HOUSE = "housenumber"
_LEVELS_OF = {"locality": ("village",), "municipality": ("township", "county", "prefecture", "province")}
_SOUGHT = 100
"""Among so many doors other divisions are looked for than the nearest."""
_STREETS = ("group_name", "hamlet", "street", "estate")
_NUMBERS = ("number", "sub_number", "building", "unit", "floor", "room")


def sure(found: Iterable[Match]) -> Iterator[Match]:
    """Without the doors that are only near what was asked for."""
    return (match for match in found if match.row is None or match.level in {"door", "building"})


def collection(features: Sequence[dict[str, Any]], **told: Any) -> dict[str, Any]:
    """The whole answer."""
    head = {"type": "FeatureCollection", "version": "draft", "features": features}
    return head | {"attribution": ATTRIBUTION, "licence": LICENCE} | {k: v for k, v in told.items() if v is not None}


def feature(match: Match) -> dict[str, Any]:
    """An answer of the search."""
    properties = {
        "label": match.label, "score": round(match.score, 6), "id": match.code, "type": match.kind,
        "importance": round(match.parts.fit, 6), **parts(match.segments), "match_level": match.level,
        "grid_code": match.grid, "segments": match.segments,
    }  # fmt: skip
    if match.distance_m is not None:
        properties["distance"] = round(match.distance_m)
    return {"type": "Feature", "geometry": _geometry(match.point), "properties": properties}


@dataclass(frozen=True, slots=True)
class Nearby:
    """A door near a point, or a division that such a door lies in."""

    kind: str
    level: str
    code: str
    label: str
    segments: dict[str, str]
    point: LonLat
    distance_m: float
    grid: str | None = None


def nearby(
    index: AddressIndex, point: LonLat, limit: int, prefixes: tuple[str, ...], kinds: Collection[str]
) -> list[Nearby]:
    """What is nearest to a point: doors, or divisions where none but those are asked for; every kind when none is.

    A division is as near as its nearest door, which lies in it for certain; its point and distance are its middle's.
    """
    if not kinds or HOUSE in kinds:
        return [_near_door(index, near) for near in index.nearest(point, limit, prefixes)]
    found: dict[str, Nearby] = {}
    for near in index.nearest(point, _SOUGHT, prefixes):
        for division in _divisions_of(index, near, point, kinds):
            found.setdefault(division.code, division)
    return list(found.values())[:limit]


def _near_door(index: AddressIndex, near: Near) -> Nearby:
    row = near.row
    point = LonLat(row.lon, row.lat)
    return Nearby(HOUSE, "door", row.code, row.label, near_segments(index, near), point, near.distance_m, row.grid)


def _divisions_of(index: AddressIndex, near: Near, point: LonLat, kinds: Collection[str]) -> Iterator[Nearby]:
    """The smallest division of each kind that a door lies in."""
    known = index.chain(near.row.village)
    for kind, levels in _LEVELS_OF.items():
        place = next((p for p in reversed(known.chain) if p.level in levels), None) if known and kind in kinds else None
        whole, middle = index.chain(place.code) if place else None, index.middle(place.code) if place else None
        if whole is not None and middle is not None:
            far = float(distance_m(point.lon, point.lat, middle.lon, middle.lat))
            yield _division(whole, kind, middle, far)


def _division(known: Known, kind: str, middle: LonLat, far: float) -> Nearby:
    segments = segments_of(known, {})
    label = format_label(Segments(**segments))
    return Nearby(kind, known.place.level, known.place.code, label, segments, middle, far)


def near_feature(near: Nearby) -> dict[str, Any]:
    """What is near a point."""
    properties = {
        "label": near.label, "score": round(HALF_KM / (HALF_KM + near.distance_m), 6), "id": near.code,
        "type": near.kind, "distance": round(near.distance_m), **parts(near.segments), "match_level": near.level,
        "grid_code": near.grid, "segments": near.segments,
    }  # fmt: skip
    return {"type": "Feature", "geometry": _geometry(near.point), "properties": properties}


def near_segments(index: AddressIndex, near: Near) -> dict[str, str]:
    """The whole segments of a door near a point."""
    known = index.chain(near.row.village)
    return near.row.segments if known is None else segments_of(known, near.row.segments)


def parts(segments: dict[str, str]) -> dict[str, str]:
    """What addok calls the parts of an address: the county stands for the city, the township for its district."""
    street = "".join(segments.get(name, "") for name in ("village", *_STREETS))
    number = "".join(segments.get(name, "") for name in _NUMBERS)
    told = {
        "name": street + number or segments.get("township") or segments.get("county", ""),
        "housenumber": number,
        "street": street,
        "district": segments.get("township", ""),
        "city": segments.get("county", ""),
        "citycode": segments.get("county_code", ""),
        "context": ", ".join(segments[level] for level in ("province", "prefecture") if level in segments),
    }
    return {name: text for name, text in told.items() if text}


def search_cells(best: Match | None) -> list[str]:
    """What `SEARCH_HEADERS` hold for the best of the answers."""
    if best is None:
        return [*[""] * (len(SEARCH_HEADERS) - 1), "not-found"]
    told = parts(best.segments)
    lon, lat = degrees(best.point)
    return [
        lat, lon, best.label, f"{best.score:.2f}", best.kind, best.code, told.get("housenumber", ""),
        *(told.get(name, "") for name in FIELDS), best.level, best.grid or "", "ok",
    ]  # fmt: skip


def reverse_cells(found: Sequence[Nearby]) -> list[str]:
    """What `REVERSE_HEADERS` hold for the nearest of what was found."""
    if not found:
        return [*[""] * (len(REVERSE_HEADERS) - 1), "not-found"]
    near, told = found[0], parts(found[0].segments)
    lon, lat = degrees(near.point)
    return [
        lat, lon, near.label, str(round(near.distance_m)), near.kind, near.code, told.get("housenumber", ""),
        *(told.get(name, "") for name in FIELDS), near.grid or "", "ok",
    ]  # fmt: skip


def _geometry(point: LonLat | None) -> dict[str, Any] | None:
    return None if point is None else {"type": "Point", "coordinates": [point.lon, point.lat]}


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What a row's text means, as `SEARCH_HEADERS` tell it; `center` are the columns of a point that weighs.

    `citycode` and `type` are the columns of what each row is limited to; an empty cell limits nothing.
    """

    columns: tuple[int, ...]
    prefixes: tuple[str, ...]
    center: tuple[int, int] | None
    citycode: int | None = None
    type: int | None = None
    _before: Remembered = field(default_factory=Remembered, compare=False, repr=False)

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        near = None if self.center is None else cells_point(row, *self.center, DEGREES)
        text, cities, kinds = cells_text(row, self.columns), _cell(row, self.citycode), _cell(row, self.type)
        if len(text) > LONGEST_TEXT:
            return [*[""] * (len(SEARCH_HEADERS) - 1), "error"]
        asking = Asking(prefixes=in_city(index, self.prefixes, cities), near=near)
        return self._before.cells(
            index, (text, near, cities, kinds), lambda: search_cells(_best(index, text, asking, kinds))
        )


def _best(index: AddressIndex, text: str, asking: Asking, kinds: Collection[str]) -> Match | None:
    return next(of_kinds(sure(meanings_inside(index, text, asking)), kinds), None)


def of_kinds(found: Iterable[Match], kinds: Collection[str]) -> Iterator[Match]:
    """Those of some kinds that lie somewhere; of every kind when none is named."""
    return (match for match in found if match.point is not None and (not kinds or match.kind in kinds))


def in_city(index: AddressIndex, prefixes: tuple[str, ...], codes: Sequence[str]) -> tuple[str, ...]:
    """Code prefixes within some counties, or other divisions; nothing where a code is none, all without codes."""
    if not codes:
        return prefixes
    asked = (index.prefixes(code) if code.isascii() and code.isdigit() else None for code in codes)
    return narrow(prefixes, tuple(prefix for each in asked for prefix in each or ()))


def _cell(row: Sequence[str], column: int | None) -> tuple[str, ...]:
    """The values in a cell, which blanks separate."""
    return tuple(row[column].split()) if column is not None and column < len(row) else ()


@dataclass(frozen=True, slots=True)
class ReverseRow:
    """What is nearest to a row's point, as `REVERSE_HEADERS` tell it; `citycode` and `type` as in `SearchRow`."""

    lon: int
    lat: int
    prefixes: tuple[str, ...]
    citycode: int | None = None
    type: int | None = None

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        point = cells_point(row, self.lon, self.lat, DEGREES)
        if point is None:
            return reverse_cells([])
        within = in_city(index, self.prefixes, _cell(row, self.citycode))
        return reverse_cells(nearby(index, point, 1, within, _cell(row, self.type)))
