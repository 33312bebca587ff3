"""Is it alive, and can it answer."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gridmap import __version__
from gridmap.api.deps import get_engine
from gridmap.db.engine import transaction
from gridmap.db.versions import current_version
from gridmap.errors import DatabaseUnavailable

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """200 as long as the process serves."""
    return {"status": "ok", "gridmap": __version__}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """200 with the dataset version when the database answers, 503 when it does not."""
    body: dict[str, Any]
    try:
        with transaction(get_engine(request)) as session:
            body = {"status": "ready", "version": current_version(session)}
    except DatabaseUnavailable as error:
        body = {"status": "unavailable", "version": None, "detail": error.detail}
    return JSONResponse(body, 200 if body["status"] == "ready" else 503)
