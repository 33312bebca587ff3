"""An answer that is being weighed, and where it lies."""

from dataclasses import dataclass

from gridmap.addresses.gazetteer import Known
from gridmap.addresses.search.index import AddressIndex, Door
from gridmap.addresses.search.score import Parts
from gridmap.geo import measure
from gridmap.geo.lonlat import LonLat


@dataclass(slots=True)
class Candidate:
    """An answer before it is told."""

    level: str
    known: Known
    parts: Parts
    door: Door | None = None
    agreed: dict[str, str] | None = None
    point: LonLat | None = None
    neighbour: bool = False
    whole: bool = False
    """Whether the text says this door and nothing else, so that only another of the same name rivals it."""
    bears: bool = False
    """Whether its label has the name of the village that the text says, which need not be its village's now."""


def point_of(index: AddressIndex, candidate: Candidate) -> LonLat | None:
    """A door's point, or the middle of a place; None where nothing of it has one."""
    if candidate.door is not None:
        part = index.parts[candidate.door.part]
        return LonLat(float(part.lon[candidate.door.row]), float(part.lat[candidate.door.row]))
    return candidate.point or index.middle(candidate.known.place.code)


def far_m(one: LonLat, other: LonLat) -> float:
    """Metres between two points."""
    return float(measure.distance_m(one.lon, one.lat, other.lon, other.lat))
