"""Answers as addok and the French BAN write them, for clients that know those: GeoJSON features and CSV columns.

Only what was surely found is told as a door: these clients know no match level, and would take a neighbour for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridmap.access.caller import narrow
from gridmap.addresses.search.answer import HALF_KM
from gridmap.addresses.search.bulk import Remembered, degrees
from gridmap.addresses.search.index import AddressIndex, Near
from gridmap.addresses.search.search import Asking, Match, search, segments_of
from gridmap.exchange.address_csv import cells_point, cells_text
from gridmap.geo.crs import Crs
from gridmap.geo.lonlat import LonLat

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
_STREETS = ("group_name", "hamlet", "street", "estate")
_NUMBERS = ("number", "sub_number", "building", "unit", "floor", "room")


def sure(found: Iterable[Match]) -> list[Match]:
    """Without the doors that are only near what was asked for."""
    return [match for match in found if match.row is None or match.level in {"door", "building"}]


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


def near_feature(index: AddressIndex, near: Near) -> dict[str, Any]:
    """A door near a point."""
    segments = near_segments(index, near)
    properties = {
        "label": near.row.label, "score": round(HALF_KM / (HALF_KM + near.distance_m), 6), "id": near.row.code,
        "type": "housenumber", "distance": round(near.distance_m), **parts(segments), "match_level": "door",
        "grid_code": near.row.grid, "segments": segments,
    }  # fmt: skip
    return {
        "type": "Feature", "geometry": _geometry(LonLat(near.row.lon, near.row.lat)), "properties": properties,
    }  # fmt: skip


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


def search_cells(found: Sequence[Match]) -> list[str]:
    """What `SEARCH_HEADERS` hold for the best of the answers."""
    if not found:
        return [*[""] * (len(SEARCH_HEADERS) - 1), "not-found"]
    best, told = found[0], parts(found[0].segments)
    lon, lat = degrees(best.point)
    return [
        lat, lon, best.label, f"{best.score:.2f}", best.kind, best.code, told.get("housenumber", ""),
        *(told.get(name, "") for name in FIELDS), best.level, best.grid or "", "ok",
    ]  # fmt: skip


def reverse_cells(index: AddressIndex, near: Sequence[Near]) -> list[str]:
    """What `REVERSE_HEADERS` hold for the nearest of the doors."""
    if not near:
        return [*[""] * (len(REVERSE_HEADERS) - 1), "not-found"]
    row, told = near[0].row, parts(near_segments(index, near[0]))
    lon, lat = degrees(LonLat(row.lon, row.lat))
    return [
        lat, lon, row.label, str(round(near[0].distance_m)), "housenumber", row.code, told.get("housenumber", ""),
        *(told.get(name, "") for name in FIELDS), row.grid or "", "ok",
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
    limit: int
    citycode: int | None = None
    type: int | None = None
    _before: Remembered = field(default_factory=Remembered, compare=False, repr=False)

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        near = None if self.center is None else cells_point(row, *self.center, DEGREES)
        text, citycode, kind = cells_text(row, self.columns), _cell(row, self.citycode), _cell(row, self.type)
        asking = Asking(self.limit, in_city(self.prefixes, citycode), near)
        return self._before.cells(
            index, (text, near, citycode, kind),
            lambda: search_cells([match for match in sure(search(index, text, asking)) if kind in {"", match.kind}]),
        )  # fmt: skip


def in_city(prefixes: tuple[str, ...], citycode: str) -> tuple[str, ...]:
    """Code prefixes within a county, or another division, whose code is given; nothing where it is no code."""
    if not citycode:
        return prefixes
    return narrow(prefixes, (citycode,)) if citycode.isascii() and citycode.isdigit() else ()


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


@dataclass(frozen=True, slots=True)
class ReverseRow:
    """The door nearest to a row's point, as `REVERSE_HEADERS` tell it."""

    lon: int
    lat: int
    prefixes: tuple[str, ...]

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        point = cells_point(row, self.lon, self.lat, DEGREES)
        near = index.nearest(point, 1, self.prefixes) if point is not None else []
        return reverse_cells(index, near)
