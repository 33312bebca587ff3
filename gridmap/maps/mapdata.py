"""A map's content as one TopoJSON document, which the command map, the e-map and the printed sheets draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.maps import topology
from gridmap.maps.colouring import colour
from gridmap.maps.service import DivisionShape, GridShape, GroupShape, MapContent, ShelterPlace

_TOLERANCES = ((80_000, 0.0), (300_000, 1e-4), (10**12, 3e-4))
"""Up to so many positions → off by at most so many degrees. Up to the size of a county nothing is left out."""
_LABEL_PRECISION = 0.05
_M_PER_DEGREE = 111_320.0


def map_data(content: MapContent) -> dict[str, Any]:
    """The TopoJSON document of a map.

    Objects, each a GeometryCollection when it has members: province, prefecture, county, township, village and grid,
    whose areas share arcs; group; shelter. Areas carry `code`, `name`, `name_bo`, `colour` (0 to 3, rarely more, never
    that of a neighbour), and `label`: lon, lat and the room around it in metres.
    """
    areas: list[DivisionShape | GridShape] = [*content.divisions, *content.grids]
    shapes = [_shape(area) for area in areas]
    built = topology.build(shapes)
    positions = sum(len(arc) for arc in built.arcs)
    tolerance = next(degrees for most, degrees in _TOLERANCES if positions <= most)
    arcs = topology.simplified(built.arcs, tolerance) if tolerance and built.arcs else built.arcs
    groups = [group for group in content.groups if group.outline is not None]
    around = topology.build([group.outline for group in groups if group.outline is not None])
    objects = _area_objects(areas, built, _labels(shapes))
    if groups:
        objects["group"] = _collection(
            [_group(group, _moved(parts, len(arcs))) for group, parts in zip(groups, around.areas, strict=True)]
        )
    if content.shelters:
        objects["shelter"] = _collection([_shelter(shelter) for shelter in content.shelters])
    within = content.within
    return {
        "type": "Topology",
        "version": content.state.version,
        "published_at": content.state.published_at.isoformat(),
        "within": {"code": within.code, "level": within.level, "name": within.name, "name_bo": within.name_bo},
        "finest": content.finest,
        "tolerance_m": round(tolerance * _M_PER_DEGREE),
        "bbox": [round(float(edge), 7) for edge in shapely.total_bounds(shapes)] if shapes else None,
        "transform": topology.transform(),
        "arcs": topology.written((*arcs, *around.arcs)),
        "objects": objects,
    }


def _shape(area: DivisionShape | GridShape) -> BaseGeometry:
    return area.outline if isinstance(area, DivisionShape) else area.record.geometry


def _area_objects(
    areas: Sequence[DivisionShape | GridShape], built: topology.Topology, labels: Sequence[list[float]]
) -> dict[str, Any]:
    by_level: dict[str, list[int]] = {}
    for index, area in enumerate(areas):
        by_level.setdefault(area.level if isinstance(area, DivisionShape) else "grid", []).append(index)
    objects = {}
    for level, members in by_level.items():
        colours = colour(built.neighbours(members))
        objects[level] = _collection(
            [_area(areas[i], built.areas[i], {"colour": colours[i], "label": labels[i]}) for i in members]
        )
    return objects


def _area(area: DivisionShape | GridShape, parts: Any, drawn: dict[str, Any]) -> dict[str, Any]:
    if isinstance(area, DivisionShape):
        facts: dict[str, Any] = {"code": area.code, "name": area.name, "name_bo": area.name_bo}
    else:
        facts = {
            "code": area.record.code,
            "name": area.record.name,
            "name_bo": area.record.name_bo,
            "kind": area.record.kind,
            "area_m2": round(area.record.area_m2),
            "households": area.households,
            "persons": area.persons,
            "groups": area.groups,
        }
    return _polygons(facts["code"], parts, {key: v for key, v in facts.items() if v is not None} | drawn)


def _group(group: GroupShape, parts: Any) -> dict[str, Any]:
    facts = {"code": group.code, "name": group.name, "households": group.households, "persons": group.persons}
    return _polygons(group.code, parts, {key: v for key, v in facts.items() if v is not None})


def _polygons(code: str, parts: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    one = len(parts) == 1
    return {
        "type": "Polygon" if one else "MultiPolygon",
        "id": code,
        "properties": properties,
        "arcs": parts[0] if one else parts,
    }


def _shelter(shelter: ShelterPlace) -> dict[str, Any]:
    facts = {"name": shelter.name, "name_bo": shelter.name_bo, "kind": shelter.kind, "capacity": shelter.capacity}
    lattice = [round(shelter.lon / topology.LATTICE), round(shelter.lat / topology.LATTICE)]
    properties = {"code": shelter.id} | {key: v for key, v in facts.items() if v is not None}
    return {"type": "Point", "id": shelter.id, "properties": properties, "coordinates": lattice}


def _collection(geometries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": geometries}


def _moved(parts: list[list[list[int]]], by: int) -> list[list[list[int]]]:
    return [[[arc + by if arc >= 0 else arc - by for arc in ring] for ring in part] for part in parts]


def _labels(shapes: Sequence[BaseGeometry]) -> list[list[float]]:
    """Where a name stands best: the middle of the largest circle inside, and its radius in metres."""
    if not shapes:
        return []
    largest = [max(shapely.get_parts(shape), key=shapely.area) for shape in shapes]
    # A coarse outline has the same middle and takes a fifth of the time; where it came out wrong, the whole is used.
    extent = np.sqrt(shapely.area(largest))
    coarse = shapely.simplify(largest, extent * _LABEL_PRECISION / 2, preserve_topology=False)
    usable = np.where(shapely.is_valid(coarse) & (shapely.area(coarse) > 0), coarse, largest)
    circles = shapely.maximum_inscribed_circle(usable, tolerance=extent * _LABEL_PRECISION)
    middles = shapely.get_point(circles, 0)
    metres = shapely.length(circles) * _M_PER_DEGREE * np.cos(np.radians(shapely.get_y(middles)))
    return [
        [round(x, 6), round(y, 6), round(r)]
        for x, y, r in zip(
            shapely.get_x(middles).tolist(), shapely.get_y(middles).tolist(), metres.tolist(), strict=True
        )
    ]
