"""What maps draw, made once a publish: the document of the command map, and the e-map around the same document."""

import gzip
import json
from dataclasses import dataclass
from hashlib import sha256

from fastapi import APIRouter, Request, Response

from gridmap import __version__
from gridmap.api.deps import NotModified
from gridmap.api.map_reading import MapReading, MapReadingDep
from gridmap.api.params import DivisionCodePath
from gridmap.maps import service as maps
from gridmap.maps.kept import Kept
from gridmap.maps.mapdata import map_data

router = APIRouter(include_in_schema=False)

KEPT_MAPS = 8


@dataclass(frozen=True, slots=True)
class WrittenMap:
    """A map's document as JSON, plain and compressed once for everybody."""

    plain: bytes
    compressed: bytes


WrittenMaps = Kept[tuple[str, tuple[str, ...], str], WrittenMap]


def new_store() -> WrittenMaps:
    """The store of written maps that an application keeps, by division, what of it is told, and state."""
    return Kept(most=KEPT_MAPS)


@router.get("/map-data/{within}.json")
def map_document(request: Request, within: DivisionCodePath, reading: MapReadingDep) -> Response:
    """What is drawn of a division as TopoJSON, the same for every map; 304 while nothing has been published."""
    told = reading.told_within(within)
    # The scope is in the tag: a browser keeps one copy an address, and asks with its tag whoever has signed in since.
    etag = f'"{__version__}-{reading.mark}-{sha256(",".join(told).encode()).hexdigest()[:12]}"'
    if etag in request.headers.get("if-none-match", ""):
        raise NotModified(etag)
    written = write_once(request.app.state.written_maps, reading, within, told)
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Authorization, X-API-Key, Cookie",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(written.plain, headers=headers, media_type="application/json")
    headers["Content-Encoding"] = "gzip"
    return Response(written.compressed, headers=headers, media_type="application/json")


def write_once(kept: WrittenMaps, reading: MapReading, within: str, told: tuple[str, ...]) -> WrittenMap:
    """A map's document, computed once for a state, whatever page asks first."""
    return kept.get((within, told, reading.mark), lambda: _write(reading.content(within, told)))


def _write(content: maps.MapContent) -> WrittenMap:
    plain = json.dumps(map_data(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return WrittenMap(plain, gzip.compress(plain, 6))
