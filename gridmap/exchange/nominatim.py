"""Answers as Nominatim writes them (json, jsonv2, geojson), for clients that know no other geocoder."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gridmap.addresses.search.search import Match
from gridmap.geo.lonlat import LonLat

Format = Literal["json", "jsonv2", "geojson"]
LICENCE = "gridmap"
NOT_FOUND = {"error": "Unable to geocode"}
STRUCTURED = ("country", "state", "county", "city", "street", "amenity", "postalcode")
_HALF_DEGREES = {"door": 0.0005, "building": 0.0005, "group": 0.005, "street": 0.005, "estate": 0.003,
                 "village": 0.02, "township": 0.1, "county": 0.4, "prefecture": 2.0, "province": 5.0}  # fmt: skip
_RANKS = {"door": 30, "building": 30, "estate": 22, "street": 26, "group": 22, "village": 19, "township": 16,
          "county": 12, "prefecture": 10, "province": 8}  # fmt: skip
_TYPES = {"door": "house", "building": "house", "estate": "residential", "street": "road", "group": "hamlet",
          "village": "village", "township": "town", "county": "county", "prefecture": "state_district",
          "province": "state"}  # fmt: skip
_LEVEL_OF_ZOOM = ((5, "province"), (8, "prefecture"), (11, "county"), (14, "township"), (16, "village"))


def structured_text(asked: Mapping[str, str]) -> str:
    """The text of a structured query, the largest first; the country and the postcode say nothing here."""
    return " ".join(asked[name] for name in STRUCTURED[1:-1] if asked.get(name))


def level_of_zoom(zoom: int | None) -> str:
    """What a map of this zoom wants to know of a point."""
    return next((level for most, level in _LEVEL_OF_ZOOM if zoom is not None and zoom <= most), "door")


def place(
    form: Format, *, level: str, code: str, label: str, segments: Mapping[str, str], point: LonLat, importance: float,
    details: bool, name_details: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One answer. `lat` and `lon` are texts, as Nominatim has them."""
    kind, half = _TYPES[level], _HALF_DEGREES[level]
    box = (point.lat - half, point.lat + half, point.lon - half, point.lon + half)
    told: dict[str, Any] = {
        "place_id": int(code.lstrip("A")),
        "licence": LICENCE,
        "lat": f"{point.lat:.7f}",
        "lon": f"{point.lon:.7f}",
        "class" if form == "json" else "category": "place",
        "type": kind,
        "place_rank": _RANKS[level],
        "importance": round(importance, 6),
        "addresstype": kind,
        "name": next((text for text in reversed(list(segments.values())) if not text.isdigit()), label),
        "display_name": label,
        "boundingbox": [f"{value:.7f}" for value in box],
        "extratags": {"code": code, "match_level": level},
    }
    if details:
        told["address"] = address(segments)
    if name_details:
        told["namedetails"] = {"name": told["name"]}
    return told if form != "geojson" else _feature(told, point, box)


def collection(places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Answers in GeoJSON."""
    return {"type": "FeatureCollection", "licence": LICENCE, "features": list(places)}


def of_match(form: Format, match: Match, point: LonLat, *, details: bool, name_details: bool = False) -> dict[str, Any]:
    """An answer of the search."""
    return place(
        form, level=match.level, code=match.code, label=match.label, segments=match.segments, point=point,
        importance=match.score, details=details, name_details=name_details,
    )  # fmt: skip


def address(segments: Mapping[str, str]) -> dict[str, str]:
    """The parts of an address by Nominatim's names for them."""
    number = "".join(segments.get(name, "") for name in ("number", "sub_number"))
    flat = "".join(segments.get(name, "") for name in ("building", "unit", "floor", "room"))
    told = {
        "house_number": number + flat,
        "road": segments.get("street") or segments.get("estate") or segments.get("group_name"),
        "hamlet": segments.get("hamlet"),
        "village": segments.get("village"),
        "town": segments.get("township"),
        "county": segments.get("county"),
        "state_district": segments.get("prefecture"),
        "state": segments.get("province"),
        "country": "中国",
        "country_code": "cn",
    }
    return {name: text for name, text in told.items() if text}


def _feature(told: dict[str, Any], point: LonLat, box: tuple[float, float, float, float]) -> dict[str, Any]:
    south, north, west, east = box
    properties = {name: value for name, value in told.items() if name not in {"lat", "lon", "boundingbox", "licence"}}
    return {
        "type": "Feature",
        "properties": properties,
        "bbox": [west, south, east, north],
        "geometry": {"type": "Point", "coordinates": [point.lon, point.lat]},
    }
