"""What locate tells over the wire."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from gridmap.divisions.schema import DivisionStep
from gridmap.snapshot.locate import Located


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class LocatedGrid(_Told):
    """The grid a point lies in."""

    code: str
    name: str
    name_bo: str | None
    kind: str


class GridShare(_Told):
    """A grid that touches the point or its accuracy circle."""

    code: str
    share: float = Field(description="The part of the accuracy circle in this grid; without one, equal parts.")


class NearestGrid(_Told):
    """The nearest grid to a point outside all grids."""

    code: str
    distance_m: float


class GroupName(_Told):
    """The household group of the nearest household in the same grid."""

    code: str
    name: str | None


class NearAddress(_Told):
    """The nearest door in the same grid."""

    code: str
    label: str
    distance_m: float


class OfficerAt(_Told):
    """Who answers for the grid or group of a code, masked."""

    code: str
    id: str
    role: str
    name: str
    phone: str | None


class LayerItem(_Told):
    """What of a reference layer lies at the point; a code may come more than once."""

    layer: str
    code: str
    name: str | None
    on_boundary: bool


class LocateAnswer(_Told):
    """Which grid a point lies in, the chain above it, and the version that says so."""

    lon: float
    lat: float
    version: int
    grid: LocatedGrid | None
    on_boundary: bool
    grids: list[GridShare]
    divisions: list[DivisionStep]
    group: GroupName | None
    nearest: NearestGrid | None
    outside_scope: bool = Field(default=False, description="True: there is a grid, but the scope does not cover it.")
    boundary: dict[str, object] | None = Field(default=None, description="With include=boundary: GeoJSON.")
    address: NearAddress | None = Field(default=None, description="With include=address.")
    officers: list[OfficerAt] = Field(default=[], description="With include=officers: by right, masked, audited.")
    layers: list[LayerItem] = Field(default=[], description="With include=layers.")

    @classmethod
    def outside(cls, found: Located, version: int) -> Self:
        """For a caller whose scope does not cover the grid that was found: only that."""
        return cls(
            lon=found.point.lon, lat=found.point.lat, version=version, grid=None, on_boundary=False, grids=[],
            divisions=[], group=None, nearest=None, outside_scope=True,
        )  # fmt: skip

    @classmethod
    def of(cls, found: Located, version: int) -> Self:
        """From what the service found in a version; without the parts that `include` adds."""
        return cls(
            lon=found.point.lon,
            lat=found.point.lat,
            version=version,
            grid=None if found.grid is None else LocatedGrid.model_validate(found.grid),
            on_boundary=found.on_boundary,
            grids=[GridShare.model_validate(share) for share in found.touching],
            divisions=[DivisionStep.model_validate(division) for division in found.divisions],
            group=None if found.group is None else GroupName.model_validate(found.group),
            nearest=None if found.nearest is None else NearestGrid.model_validate(found.nearest),
        )
