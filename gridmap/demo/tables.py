"""Rows ready for COPY: the columns of each table, and values that need neither the load's time nor its version."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import shapely

from gridmap.db.base import SRID
from gridmap.demo.shares import Objects
from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.lattice import from_units, to_units

Value = str | int | float | list[str] | None
Row = tuple[Value, ...]

COLUMNS = {
    "division": ("code", "level"),
    "division_version": (
        "code", "parent_code", "name", "name_full", "name_bo", "outline", "outline_source", "seat", "seat_source",
        "population",
    ),
    "grid": ("county_code", "code", "village_code"),
    "grid_version": ("county_code", "code", "name", "name_bo", "kind", "note", "geometry"),
    "household_group": ("county_code", "code", "grid_code"),
    "household_group_version": ("county_code", "code", "name"),
    "address": (
        "county_code", "code", "village_code", "label", "group_name", "hamlet", "street", "number", "sub_number",
        "estate", "building", "unit", "floor", "room", "point", "point_source", "point_accuracy_m", "grid_code",
    ),
    "building": ("county_code", "id", "address_code", "kind", "name", "floors"),
    "household": (
        "county_code", "id", "kind", "name", "address_code", "group_code", "head_name", "head_phone", "persons",
        "elderly_alone", "infants", "disabled", "pregnant", "medical_device",
    ),
    "officer": (
        "county_code", "id", "name", "phone", "kind", "unit", "home_code", "work_code", "work_address_code",
        "capacity", "languages", "absent_from", "absent_to",
    ),
    "responsibility": ("county_code", "code", "officer_id", "role"),
    "shelter": ("county_code", "id", "name", "name_bo", "kind", "village_code", "address_code", "point", "capacity"),
    "id_counter": ("county_code", "letter", "last"),
}  # fmt: skip
"""Tables in the order in which they can be filled."""
VERSIONED = ("division_version", "grid_version", "household_group_version")


@dataclass(frozen=True)
class Tables:
    """Rows by table, for a county or for what stands above the counties."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def digest(self) -> str:
        """A fingerprint of every value in every row, in order."""
        hashed = hashlib.sha256()
        for table in COLUMNS:
            for row in self.rows.get(table, ()):
                hashed.update(repr((table, *row)).encode())
        return hashed.hexdigest()


def record_id(letter: str, county: str, number: int) -> str:
    """The permanent id of a record.

    >>> record_id("A", "623022", 7)
    'A62302200000007'
    """
    return f"{letter}{county}{number:08d}"


def hex_points(lattice: IntArray) -> list[str]:
    """Points in lattice steps as hexadecimal EWKB."""
    return hex_shapes(np.asarray(shapely.points(from_units(lattice)), dtype=np.object_))


def hex_degrees(degrees: FloatArray) -> list[str]:
    """Points in degrees as hexadecimal EWKB."""
    return hex_points(to_units(degrees))


def hex_shapes(shapes: Objects) -> list[str]:
    """Geometries in degrees as hexadecimal EWKB."""
    with_srid = shapely.set_srid(shapes, SRID)
    return list(shapely.to_wkb(with_srid, hex=True, include_srid=True, byte_order=1).tolist())
