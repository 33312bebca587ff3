"""Shapes as they are stored: on the lattice, valid, of the type wanted; every change noted, none hidden."""

from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo.lattice import snap, snap_geometry
from gridmap.geo.measure import area_m2
from gridmap.geo.ring_faults import ring_fault
from gridmap.sentences import Sentence, say


@dataclass(slots=True)
class Settled:
    """A geometry ready to be stored, or why there is none, and what was done to it."""

    geometry: BaseGeometry | None = None
    problem: Sentence | None = None
    notes: list[Sentence] = field(default_factory=list)


def settle(shape: BaseGeometry, wanted: str, *, mend: bool = False) -> Settled:
    """A geometry in degrees as `polygon` (a multi-polygon), `point` or `any`, on the lattice.

    Outer rings run counter-clockwise and holes clockwise, as RFC 7946 has them; else the order of parts and vertices
    stays. Only with `mend` are broken rings repaired.

    >>> settle(shapely.box(0, 0, 1, 1.00000004), "polygon").notes
    ['2 vertices were rounded to the lattice of 1e-7 degree']
    >>> settle(shapely.Point(0, 0), "polygon").problem
    'it is a Point, and an area is wanted'
    """
    settled = Settled()
    plain = _plain(shape, settled)
    if wanted == "point" and shapely.get_dimensions(plain) == 2:
        settled.problem = say("point_wanted", "it is a {type}, and a point is wanted", type=plain.geom_type)
    elif wanted == "point":
        _as_point(plain, settled)
    elif wanted == "polygon" and not isinstance(plain, shapely.Polygon | shapely.MultiPolygon):
        settled.problem = say("area_wanted", "it is a {type}, and an area is wanted", type=plain.geom_type)
    elif isinstance(plain, shapely.Polygon | shapely.MultiPolygon):
        _as_area(plain, settled, mend=mend)
    elif isinstance(plain, shapely.GeometryCollection):
        settled.problem = say("mixed_collection", "it is a collection of shapes of different types; split it")
    else:
        _as_line(plain, settled)
    return settled


def _plain(shape: BaseGeometry, settled: Settled) -> BaseGeometry:
    """A collection of one type is that type's multi-geometry."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    types = {part.geom_type.removeprefix("Multi") for part in parts}
    if types != {"Polygon"}:
        return shape
    settled.notes.append(say("collection_merged", "a collection of areas was made one area of several parts"))
    return shapely.MultiPolygon([polygon for part in parts for polygon in shapely.get_parts(part)])


def _as_point(shape: BaseGeometry, settled: Settled) -> None:
    parts = shapely.get_parts(shape)
    if shape.geom_type not in {"Point", "MultiPoint"} or len(parts) != 1:
        settled.problem = say(
            "one_point_wanted",
            "it is a {type} of {count} parts, and one point is wanted",
            type=shape.geom_type,
            count=len(parts),
        )
    else:
        settled.geometry = _rounded(parts[0], settled)


def _as_line(shape: BaseGeometry, settled: Settled) -> None:
    rounded = _rounded(shape, settled)
    if not rounded.is_valid:
        settled.problem = say(
            "not_valid", "it is not valid: {reason}", reason=ring_fault(shapely.is_valid_reason(rounded))
        )
    else:
        settled.geometry = rounded


def _rounded(shape: BaseGeometry, settled: Settled) -> BaseGeometry:
    rounded = shapely.transform(shape, snap)
    _note_moved(settled, int((shapely.get_coordinates(shape) != shapely.get_coordinates(rounded)).any(axis=1).sum()))
    return rounded


def _as_area(shape: shapely.Polygon | shapely.MultiPolygon, settled: Settled, *, mend: bool) -> None:
    if not shape.is_valid and not mend:
        settled.problem = say(
            "rings_not_valid", "its rings are not valid: {reason}", reason=ring_fault(shapely.is_valid_reason(shape))
        )
        return
    if not shape.is_valid:
        shape = _mended(shape, settled)
    snapped = snap_geometry(shape)
    _note_moved(settled, snapped.moved)
    if snapped.merged:
        settled.notes.append(
            say("vertices_merged", "{count} vertices fell on their neighbours on the lattice", count=snapped.merged)
        )
    if snapped.collapsed:
        settled.notes.append(
            say(
                "parts_collapsed",
                "{count} parts or holes thinner than the lattice were left out",
                count=len(snapped.collapsed),
            )
        )
    whole = snapped.geometry
    if snapped.invalid_reason is not None and mend:
        whole = _mended(whole, settled)
    elif snapped.invalid_reason is not None:
        settled.problem = say(
            "lattice_not_valid",
            "on the lattice its rings are not valid: {reason}",
            reason=ring_fault(snapped.invalid_reason),
        )
        return
    if whole.is_empty:
        settled.problem = say("no_area", "it has no area")
        return
    # A shapefile turns every ring, so one direction must be ours for what is exported to come back the same.
    turned = shapely.orient_polygons(whole)
    settled.geometry = turned if isinstance(turned, shapely.MultiPolygon) else shapely.MultiPolygon([turned])


def _mended(shape: shapely.Polygon | shapely.MultiPolygon, settled: Settled) -> shapely.MultiPolygon:
    """The area that the rings enclose, on the lattice, with what that changed."""
    reason = ring_fault(shapely.is_valid_reason(shape))
    repaired = shapely.set_precision(shapely.make_valid(shape), 1e-7)
    polygons = [part for part in shapely.get_parts(repaired) if isinstance(part, shapely.Polygon)]
    nested = [
        polygon for part in shapely.get_parts(repaired) if part.geom_type == "MultiPolygon" for polygon in part.geoms
    ]
    whole = shapely.transform(shapely.MultiPolygon([*polygons, *nested]), snap)
    settled.notes.append(
        say(
            "rings_mended",
            "broken rings ({reason}) were mended; the area is now {area:.0f} m²",
            reason=reason,
            area=area_m2(whole),
        )
    )
    return whole


def _note_moved(settled: Settled, moved: int) -> None:
    if moved:
        settled.notes.append(
            say("vertices_rounded", "{count} vertices were rounded to the lattice of 1e-7 degree", count=moved)
        )


def same_area(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two shapes are the same set of rings; where a ring starts and which way it runs does not matter."""
    return bool(one.equals_exact(other, 0.0) or shapely.normalize(one).equals_exact(shapely.normalize(other), 0.0))


def wkb(shape: BaseGeometry) -> bytes:
    """Little-endian WKB of two dimensions."""
    return shapely.to_wkb(shape, byte_order=1, output_dimension=2)
