"""What maps draw, made once a publish: the document of the command map, and the e-map around the same document."""

import gzip
import json
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from gridmap import __version__
from gridmap.api.deps import NotModified, SessionDep
from gridmap.api.params import DivisionCodePath
from gridmap.db.versions import state_mark
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


def new_store() -> Kept[tuple[str, str], WrittenMap]:
    """The store of written maps that an application keeps, by division and state of the installation."""
    return Kept(most=KEPT_MAPS)


@router.get("/map-data/{within}.json")
def map_document(request: Request, within: DivisionCodePath, session: SessionDep) -> Response:
    """What is drawn of a division as TopoJSON, the same for every map; 304 while nothing has been published."""
    mark = state_mark(session)
    etag = f'"{__version__}-{mark}"'
    if etag in request.headers.get("if-none-match", ""):
        raise NotModified(etag)
    kept: Kept[tuple[str, str], WrittenMap] = request.app.state.written_maps
    written = kept.get((within, mark), lambda: _write(maps.load_content(session, within)))
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Authorization, X-API-Key, Cookie",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(written.plain, headers=headers, media_type="application/json")
    headers["Content-Encoding"] = "gzip"
    return Response(written.compressed, headers=headers, media_type="application/json")


def _write(content: maps.MapContent) -> WrittenMap:
    plain = json.dumps(map_data(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return WrittenMap(plain, gzip.compress(plain, 6))
