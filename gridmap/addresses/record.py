"""An address as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy.orm import Session

from gridmap.addresses import queries
from gridmap.addresses.model import Address
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.db.geometry import to_shapely
from gridmap.divisions import service as divisions
from gridmap.divisions.service import NamedDivision

_FEW_VILLAGES = 20


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of an address; its kind is one of `model.ALIAS_KINDS`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """A standard address with its whole chain. `lon, lat` are degrees in EPSG:4490.

    `merged_into` is where a merged one is found now, however often that was merged again.
    """

    code: str
    label: str
    village_code: str
    segments: Segments
    lon: float
    lat: float
    grid_code: str | None
    point_source: str
    point_accuracy_m: float | None
    status: str
    status_note: str | None
    merged_into: str | None
    aliases: tuple[Alias, ...]
    row_version: int
    updated_at: datetime

    @property
    def place(self) -> str:
        """The smallest code it counts to: its grid, or the village of its text outside every grid."""
        return self.grid_code or self.village_code


def records_of(session: Session, rows: Sequence[Address]) -> list[AddressRecord]:
    """Rows as records, with names of divisions as they are now."""
    chains = chains_of(session, {row.village_code for row in rows})
    aliases: dict[str, list[Alias]] = {}
    for alias in queries.aliases_of(session, [row.code for row in rows]):
        aliases.setdefault(alias.address_code, []).append(Alias(alias.kind, alias.text))
    return [_record(row, chains[row.village_code], tuple(aliases.get(row.code, ()))) for row in rows]


def chains_of(session: Session, villages: set[str]) -> dict[str, Segments]:
    """For each village the segments down to it, as labels have them."""
    if len(villages) <= _FEW_VILLAGES:
        return {village: _chain(divisions.chain_above(session, village)) for village in villages}
    names = {names.code: names for names in divisions.list_names(session)}
    return {village: _chain(_above(names, village)) for village in villages}


def stored_lonlat(row: Address) -> tuple[float, float]:
    """Where an address is."""
    point = to_shapely(row.point)
    return float(shapely.get_x(point)), float(shapely.get_y(point))


def _record(row: Address, chain: Segments, aliases: tuple[Alias, ...]) -> AddressRecord:
    lon, lat = stored_lonlat(row)
    return AddressRecord(
        code=row.code,
        label=row.label,
        village_code=row.village_code,
        segments=chain._replace(**{name: getattr(row, name) for name in DOOR_SEGMENTS}),
        lon=lon,
        lat=lat,
        grid_code=row.grid_code,
        point_source=row.point_source,
        point_accuracy_m=row.point_accuracy_m,
        status=row.status,
        status_note=row.status_note,
        merged_into=row.merged_into,
        aliases=aliases,
        row_version=row.row_version,
        updated_at=row.updated_at,
    )


def _above(names: Mapping[str, NamedDivision], code: str) -> list[NamedDivision]:
    chain: list[NamedDivision] = []
    while (division := names.get(code)) is not None and division not in chain:
        chain.insert(0, division)
        code = division.parent or ""
    return chain


def _chain(chain: Sequence[NamedDivision]) -> Segments:
    values: dict[str, str] = {}
    for division in chain:
        values[division.level] = division.name if division.level == "village" else division.name_full
        values[f"{division.level}_code"] = division.code
    return Segments(**values)
