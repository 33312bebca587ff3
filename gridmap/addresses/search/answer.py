"""Answers of the search as GeoJSON, in the form of addok and the French BAN, with the match level and the segments."""

from typing import Any, Literal

from pydantic import BaseModel

from gridmap.addresses.search.asking import FeatureKind, Match, MatchLevel, segments_of
from gridmap.addresses.search.index import AddressIndex, Near
from gridmap.geo.lonlat import LonLat

SCORE_DECIMALS = 6
HALF_KM = 1000.0


class FoundProperties(BaseModel):
    """What was found: `id` is the address code of a door, else the code of the smallest division.

    `match_level` is how far the text is met, `score` how well and how surely. `neighbour`: a door beside the one that
    was asked for, which does not exist.
    """

    id: str
    label: str
    score: float
    type: FeatureKind
    match_level: MatchLevel
    grid_code: str | None
    distance: float | None
    segments: dict[str, str]
    neighbour: bool = False
    bearing: float | None = None
    score_parts: dict[str, float] | None = None


class PointOut(BaseModel):
    """A GeoJSON point in degrees of EPSG:4490."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class FoundFeature(BaseModel):
    """One answer."""

    type: Literal["Feature"] = "Feature"
    geometry: PointOut | None
    properties: FoundProperties


class Found(BaseModel):
    """The answers, the best first, and the dataset version they were read under."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    query: str
    limit: int
    features: list[FoundFeature]


class WhereOut(BaseModel):
    """A grid or a division, as it is named."""

    code: str
    name: str
    name_bo: str | None = None
    level: str | None = None
    kind: str | None = None


class NearestGrid(BaseModel):
    """The grid that is nearest to a point outside all."""

    code: str
    distance_m: float


class FoundNear(BaseModel):
    """The doors nearest to a point, and the grid and the divisions the point lies in.

    Outside every grid `grid` is null and `nearest` is told; both are null, and `grid_known` false, when just now
    nothing can tell.
    """

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    lon: float
    lat: float
    limit: int
    grid: WhereOut | None
    divisions: list[WhereOut]
    nearest: NearestGrid | None
    grid_known: bool
    features: list[FoundFeature]


def feature_of(match: Match, *, explain: bool = False) -> FoundFeature:
    """An answer of the search."""
    far = None if match.distance_m is None else round(match.distance_m, 1)
    return FoundFeature(
        geometry=_point(match.point),
        properties=FoundProperties(
            id=match.code,
            label=match.label,
            score=round(match.score, SCORE_DECIMALS),
            type=match.kind,
            match_level=match.level,
            grid_code=match.grid,
            distance=far,
            segments=match.segments,
            neighbour=match.neighbour,
            score_parts=match.parts.told() if explain else None,
        ),
    )


def near_feature(index: AddressIndex, near: Near) -> FoundFeature:
    """A door near a point. Its score is 1 at the door and half as much a kilometre away."""
    known = index.chain(near.row.village)
    segments = near.row.segments if known is None else segments_of(known, near.row.segments)
    return FoundFeature(
        geometry=_point(LonLat(near.row.lon, near.row.lat)),
        properties=FoundProperties(
            id=near.row.code,
            label=near.row.label,
            score=round(HALF_KM / (HALF_KM + near.distance_m), SCORE_DECIMALS),
            type="housenumber",
            match_level="door",
            grid_code=near.row.grid,
            distance=round(near.distance_m, 1),
            segments=segments,
            bearing=round(near.bearing_deg, 1),
        ),
    )


def as_json(feature: FoundFeature) -> dict[str, Any]:
    """A feature without what it does not have to tell."""
    told = feature.model_dump()
    properties = told["properties"]
    for name in ("neighbour", "bearing", "score_parts"):
        if properties[name] is None or properties[name] is False:
            del properties[name]
    return told


def _point(point: LonLat | None) -> PointOut | None:
    return None if point is None else PointOut(coordinates=(point.lon, point.lat))
