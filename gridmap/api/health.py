"""Is it alive, and can it answer."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gridmap import __version__
from gridmap.api.deps import get_engine
from gridmap.api.offline import get_follower
from gridmap.db.engine import transaction
from gridmap.db.versions import current_version
from gridmap.errors import DatabaseUnavailable
from gridmap.snapshot.follower import Follower

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """200 as long as the process serves."""
    return {"status": "ok", "gridmap": __version__}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """200 with the dataset version; `degraded` when it is the snapshot's, because the database is away, and since when.

    503 when neither answers.
    """
    body: dict[str, Any]
    try:
        with transaction(get_engine(request)) as session:
            body = {"status": "ready", "version": current_version(session)}
    except DatabaseUnavailable as error:
        body = _without_database(get_follower(request), error)
    return JSONResponse(body, 503 if body["status"] == "unavailable" else 200)


def _without_database(follower: Follower, error: DatabaseUnavailable) -> dict[str, Any]:
    follower.note_away()
    snapshot = follower.snapshot
    if snapshot is None:
        return {"status": "unavailable", "version": None, "detail": error.detail}
    since = follower.away_since
    return {
        "status": "degraded",
        "version": snapshot.version,
        "published_at": _text(snapshot.manifest.origin.published_at),
        "since": _text(since),
        "detail": f"{error.detail} Locate, divisions, grids, layers and tiles are told from the snapshot.",
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
