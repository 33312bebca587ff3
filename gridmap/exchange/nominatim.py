"""Answers as Nominatim writes them (json, jsonv2, geojson), for clients that know no other geocoder."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.search.asking import Match
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.geo.lonlat import LonLat

Format = Literal["json", "jsonv2", "geojson"]
LICENCE = "gridmap"
NOT_FOUND = {"error": "Unable to geocode"}
_HOME = frozenset({"cn", "chn", "prc", "china", "中国", "中华人民共和国", "people's republic of china"})
_RANKS_OF = {"country": (4, 4), "state": (8, 8), "city": (14, 16), "settlement": (8, 20)}
"""The ranks that a `featureType` stands for."""
_COORDINATES = re.compile(r"\s*\[?([+-]?\d{1,3}\.\d+)[\s,]+([+-]?\d{1,3}\.\d+)\]?\s*", re.ASCII)
STRUCTURED = ("country", "state", "county", "city", "street", "amenity", "postalcode")
_HALF_DEGREES = {"door": 0.0005, "building": 0.0005, "group": 0.005, "street": 0.005, "estate": 0.003,
                 "village": 0.02, "township": 0.1, "county": 0.4, "prefecture": 2.0, "province": 5.0}  # fmt: skip
_RANKS = {"door": 30, "building": 30, "estate": 22, "street": 26, "group": 22, "village": 19, "township": 16,
          "county": 12, "prefecture": 10, "province": 8}  # fmt: skip
_TYPES = {"door": "house", "building": "house", "estate": "residential", "street": "road", "group": "hamlet",
          "village": "village", "township": "town", "county": "county", "prefecture": "state_district",
          "province": "state"}  # fmt: skip
_DIVISIONS = ("province", "prefecture", "county", "township", "village")
_LEVEL_OF_ZOOM = ((5, "province"), (8, "prefecture"), (11, "county"), (14, "township"), (16, "village"))


def structured_text(asked: Mapping[str, str]) -> str:
    """The text of a structured query, the largest first; the country and the postcode say nothing here."""
    return " ".join(asked[name] for name in STRUCTURED[1:-1] if asked.get(name))


def names_home(asked: Mapping[str, str]) -> bool:
    """Whether what is asked for may lie in China: `countrycodes` and a structured query's `country` say otherwise."""
    codes = {code.strip().lower() for code in asked.get("countrycodes", "").split(",")} - {""}
    country = asked.get("country", "").strip().lower()
    return (not codes or "cn" in codes) and (not country or country in _HOME)


def in_feature_type(match: Match, feature_type: str) -> bool:
    """Whether an answer is of a `featureType`; one that is not known limits nothing, as there."""
    least, most = _RANKS_OF.get(feature_type, (0, 30))
    return least <= _RANKS[match.level] <= most


def place_id(code: str) -> int:
    """The number that a door or division is told by."""
    return int(code.lstrip("A"))


def coordinates(text: str) -> tuple[float, float] | None:
    """Lat and lon of a text that is nothing else; None for any other.

    >>> coordinates("34.59, 103.5"), coordinates("34.59 103.5号")
    ((34.59, 103.5), None)
    """
    found = _COORDINATES.fullmatch(text)
    return None if found is None else (float(found[1]), float(found[2]))


def level_of_zoom(zoom: int | None) -> str:
    """What a map of this zoom wants to know of a point."""
    return next((level for most, level in _LEVEL_OF_ZOOM if zoom is not None and zoom <= most), "door")


def wants_tibetan(languages: str) -> bool:
    """Whether Tibetan comes before Chinese in what `accept-language` asks for; other languages have no names here.

    >>> wants_tibetan("bo,zh;q=0.8"), wants_tibetan("en, zh-CN, bo;q=0.1"), wants_tibetan("zh;q=0.5,bo")
    (True, False, True)
    """
    ranked: list[tuple[float, int, str]] = []
    for part in languages.lower().split(","):
        name, _, weight = part.strip().partition(";q=")
        if name[:2] in {"bo", "zh"}:
            share = float(weight) if weight.replace(".", "", 1).isdigit() else 1.0
            ranked.append((-share, len(ranked), name[:2]))
    return bool(ranked) and min(ranked)[2] == "bo"


def in_tibetan(gazetteer: Gazetteer, label: str, segments: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The label and segments of an answer with the Tibetan names of its divisions, as far as they have one."""
    told = dict(segments)
    for level in _DIVISIONS:
        known = gazetteer.known.get(segments.get(f"{level}_code", ""))
        if known is not None and known.place.name_bo:
            told[level] = known.place.name_bo
    if told == segments:
        return label, told
    parts = [told[name] for name in (*_DIVISIONS, *DOOR_SEGMENTS) if told.get(name)]
    return " ".join(parts), told


def place(
    form: Format, *, level: str, code: str, label: str, segments: Mapping[str, str], point: LonLat, importance: float,
    details: bool, name_details: bool = False, tibetan: Gazetteer | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One answer. `lat` and `lon` are texts, as Nominatim has them; `tibetan` are the names to tell it in."""
    name = _name(segments, label)
    both = {"name": name, "name:zh": name}
    if tibetan is not None:
        label, segments = in_tibetan(tibetan, label, segments)
        both |= {"name": _name(segments, label), "name:bo": _name(segments, label)}
    kind, half = _TYPES[level], _HALF_DEGREES[level]
    box = (point.lat - half, point.lat + half, point.lon - half, point.lon + half)
    told: dict[str, Any] = {
        "place_id": place_id(code),
        "licence": LICENCE,
        "lat": f"{point.lat:.7f}",
        "lon": f"{point.lon:.7f}",
        "class" if form == "json" else "category": "place",
        "type": kind,
        "place_rank": _RANKS[level],
        "importance": round(importance, 6),
        "addresstype": kind,
        "name": both["name"],
        "display_name": label,
        "boundingbox": [f"{value:.7f}" for value in box],
        "extratags": {"code": code, "match_level": level},
    }
    if details:
        told["address"] = address(segments)
    if name_details:
        told["namedetails"] = both
    return told if form != "geojson" else _feature(told, point, box)


def collection(places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Answers in GeoJSON."""
    return {"type": "FeatureCollection", "licence": LICENCE, "features": list(places)}


def _name(segments: Mapping[str, str], label: str) -> str:
    return next((text for text in reversed(list(segments.values())) if not text.isdigit()), label)


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
        "bbox": [round(value, 7) for value in (west, south, east, north)],
        "geometry": {"type": "Point", "coordinates": [point.lon, point.lat]},
    }
