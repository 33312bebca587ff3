"""The plain answers of `GET /locate` as bytes: what can be is encoded once for each grid, the rest is put together."""

from collections.abc import Callable

import numpy as np
from pydantic_core import to_json

from gridmap.geo.cell_lookup import Touching
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.groups import GroupName, NearestKind, compiled_kind, nearest_kind
from gridmap.snapshot.locate import Located, Share, locate_in, locate_outside
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry
from gridmap.snapshot.segment import DivisionName

_POINT = b'{"lon":%b,"lat":%b'
_REFUSED = (
    b',"version":%d,"grid":null,"on_boundary":false,"grids":[],"divisions":[],"group":null,"nearest":null,'
    b'"outside_scope":true}'
)
_NO_GROUP = b'null,"nearest":null}'
_NOWHERE = b'{"lon":0.0,"lat":0.0'
_PLAIN_M = 1e-3, 1e15


class Answers:
    """The answers of one snapshot, in all what `api.locate` says without any of its options."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lookups: list[tuple[int, Callable[[float, float], Touching]]] = [
            (number, file.lookup.locate) for number, file in enumerate(snapshot.villages.files)
        ]
        self._grids: dict[tuple[int, int], tuple[str, bytes]] = {}
        self._groups: dict[str, bytes] = {}
        self._chains: dict[tuple[DivisionName, ...], bytes] = {}
        self._registry = Registry.of(snapshot)
        self._refused = _REFUSED % snapshot.version
        self._group_near = snapshot.group_near
        self._kind_of: NearestKind = nearest_kind
        self.warm = False
        """Whether points outside all grids are answered too: what that takes has been compiled and read."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Answers":
        """The one of a snapshot."""
        found = snapshot.made.get(cls.__name__)
        if not isinstance(found, cls):
            found = snapshot.made[cls.__name__] = cls(snapshot)
        return found

    def warm_up(self) -> None:
        """Has everything compiled and read that the first points would have to wait for."""
        if not self.warm:
            compiled = compiled_kind()
            compiled(np.zeros((1, 3)), 1.0, 0.0, 0.0)
            self._kind_of = compiled
            self._registry.covering(0.0, 0.0)
            self._snapshot.villages.find_nearest(LonLat(0.0, 0.0))
            self.warm = True

    def answer(self, lon: float, lat: float, told: tuple[str, ...]) -> bytes | None:
        """The answer for a point in EPSG:4490 degrees to whoever is told of these prefixes; None: not from here."""
        point = _POINT % (repr(lon).encode(), repr(lat).encode())
        only: tuple[int, int] | None = None
        for number, locate in self._lookups:
            polygons, on_boundary = locate(lon, lat)
            if not polygons:
                continue
            if on_boundary or len(polygons) > 1 or only is not None:
                return self._rare(lon, lat, told, point)
            only = (number, polygons[0])
        if only is None:
            return self._outside(lon, lat, told, point) if self.warm else None
        code, middle = self._grids.get(only) or self._encode(only)
        if not code.startswith(told):
            return point + self._refused
        group = self._group_near(code, lon, lat, self._kind_of)
        if group is None:
            return point + middle + _NO_GROUP
        return point + middle + (self._groups.get(group.code) or self._encode_group(group))

    def _outside(self, lon: float, lat: float, told: tuple[str, ...], point: bytes) -> bytes:
        """A point in no grid."""
        at = LonLat(lon, lat)
        near = self._snapshot.villages.find_nearest(at)
        # Nearer or farther, and the number is not written as Python writes it.
        if near is None or not _PLAIN_M[0] <= near.distance_m < _PLAIN_M[1]:
            return self._told(locate_outside(self._snapshot, at), told, point)
        code = near.item.code
        if not code.startswith(told):
            return point + self._refused
        chain = self._registry.covering(lon, lat)
        middle = self._chains.get(chain) or self._encode_chain(chain)
        return b'%b%b{"code":"%b","distance_m":%b}}' % (point, middle, code.encode(), repr(near.distance_m).encode())

    def _encode_chain(self, chain: tuple[DivisionName, ...]) -> bytes:
        """All that is the same in every answer to a point outside all grids, in the same divisions."""
        found = Located(
            LonLat(0.0, 0.0), None, on_boundary=False, touching=(), divisions=chain, group=None, nearest=None
        )
        whole = _as_json(found, self._snapshot.version)
        encoded = self._chains[chain] = whole.removeprefix(_NOWHERE).removesuffix(b"null}")
        return encoded

    def _rare(self, lon: float, lat: float, told: tuple[str, ...], point: bytes) -> bytes:
        """A point on a line or in two places."""
        return self._told(locate_in(self._snapshot, LonLat(lon, lat)), told, point)

    def _told(self, found: Located, told: tuple[str, ...], point: bytes) -> bytes:
        if found.place is not None and not found.place.startswith(told):
            return point + self._refused
        return _as_json(found, self._snapshot.version)

    def _encode(self, place: tuple[int, int]) -> tuple[str, bytes]:
        """A grid's code, and all that is the same in every answer that names it alone."""
        file = self._snapshot.villages.files[place[0]]
        grid = file.item(place[1])
        found = Located(
            point=LonLat(0.0, 0.0),
            grid=grid,
            on_boundary=False,
            touching=(Share(grid.code, 1.0),),
            divisions=file.divisions(place[1]),
            group=None,
            nearest=None,
        )
        middle = _as_json(found, self._snapshot.version).removeprefix(_NOWHERE).removesuffix(_NO_GROUP)
        self._grids[place] = grid.code, middle
        return grid.code, middle

    def _encode_group(self, group: GroupName) -> bytes:
        encoded = self._groups[group.code] = to_json({"code": group.code, "name": group.name}) + b',"nearest":null}'
        return encoded


def _as_json(found: Located, version: int) -> bytes:
    """The same bytes as the model of the interface gives, in a third of the time."""
    return to_json(
        {
            "lon": found.point.lon,
            "lat": found.point.lat,
            "version": version,
            "grid": found.grid,
            "on_boundary": found.on_boundary,
            "grids": found.touching,
            "divisions": found.divisions,
            "group": found.group,
            "nearest": found.nearest,
        }
    )
