"""Vector tiles for map programs of others, from the snapshot: they go on when the database is away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from gridmap.api import deps
from gridmap.api.address_key import keyed
from gridmap.api.locating import state_of
from gridmap.api.offline import get_follower
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import CallerDep
from gridmap.errors import Unavailable
from gridmap.exchange.tiles.addressing import TileAddress
from gridmap.exchange.tiles.sources import DIVISIONS, GRIDS, Prefixes, TileSource
from gridmap.exchange.tiles.tiles import TileLayers, WrittenTile, describe, write_tile
from gridmap.maps.kept import Kept
from gridmap.snapshot.reader import Snapshot

router = APIRouter(prefix="/tiles", tags=["tiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
_KEPT_TILES = 500
LayerPath = Annotated[str, Path(pattern=r"^[\w-]{1,40}$", description="grids, divisions, or a reference layer's name.")]

WrittenTiles = Kept[tuple[str, str, TileAddress, Prefixes], WrittenTile]


def new_store() -> WrittenTiles:
    """The store of written tiles that an application keeps, by state, layer, tile and what of it is told."""
    return Kept(most=_KEPT_TILES)


@dataclass(frozen=True, slots=True)
class Tiling:
    """A layer for a caller: of which state, and what of it he is told. `headers` go on every answer."""

    source: TileSource
    snapshot: Snapshot
    told: Prefixes
    headers: Mapping[str, str]


def get_tiling(request: Request, response: Response, layer: LayerPath, caller: CallerDep, scope: MapScopeDep) -> Tiling:
    """The layer that is asked for. Raises NotFound; Unavailable before there is a snapshot; NotModified."""
    follower = get_follower(request)
    if follower.snapshot is None and follower.away_since is None:
        follower.catch_up()
    snapshot = follower.snapshot
    if snapshot is None:
        raise Unavailable("There is no snapshot yet, which tiles are made from.")
    source = TileLayers.of(snapshot).get(layer, public_only=caller.role is None)
    deps.tag(request, response, state_of(snapshot))
    headers = {**response.headers, "Gridmap-Version": str(snapshot.version)}
    headers["vary"] += ", Accept-Encoding"
    # A layer's codes are its own: it is told whole, as its items are.
    told = scope.prefixes if source.name in {GRIDS, DIVISIONS} else ("",)
    return Tiling(source, snapshot, told, headers)


TilingDep = Annotated[Tiling, Depends(get_tiling, scope="function")]


@router.get("/{layer}.json")
def get_tilejson(request: Request, tiling: TilingDep) -> JSONResponse:
    """TileJSON 3.0.0 of a layer. The address of its tiles has the key in it if this one's had."""
    address = keyed(request, f"/tiles/{tiling.source.name}/{{z}}/{{x}}/{{y}}.mvt")
    told: dict[str, Any] = describe(tiling.source, address, tiling.snapshot.version, tiling.told)
    return JSONResponse(told, headers=dict(tiling.headers))


@router.get("/{layer}/{z}/{x}/{y}.mvt", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
def get_tile(request: Request, z: int, x: int, y: int, tiling: TilingDep) -> Response:
    """A Mapbox Vector Tile 2.1 of one layer, in Web Mercator; 204 where nothing is."""
    tile = TileAddress.checked(z, x, y)
    kept: WrittenTiles = request.app.state.written_tiles
    key = (state_of(tiling.snapshot), tiling.source.name, tile, tiling.told)
    written = kept.get(key, lambda: write_tile(tiling.source, tile, tiling.told))
    if not written.plain:
        return Response(status_code=204, headers=dict(tiling.headers))
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(written.plain, headers=dict(tiling.headers), media_type=MEDIA_TYPE)
    return Response(written.compressed, headers={**tiling.headers, "Content-Encoding": "gzip"}, media_type=MEDIA_TYPE)
