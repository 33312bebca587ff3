"""Routes of exports: what maps and plans are made of as a file of any format that `gridmap export` writes."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.api.security import PRIVATE, ActorDep
from gridmap.db.instants import check_past, parse_instant
from gridmap.divisions.service import prefixes_within
from gridmap.errors import FieldError, Forbidden, InvalidInput
from gridmap.exchange.exporting import ExportRequest, export_download
from gridmap.sentences import NOTHING, say
from gridmap.settings import Settings

router = APIRouter(prefix="/exports", tags=["exports"])

Format = Annotated[
    Literal["gpkg", "geojson", "shp", "csv", "xlsx", "parquet"],
    Query(alias="format", description="A shapefile comes zipped, with a note of every name that had to be shortened."),
]
Within = Annotated[str | None, Query(pattern=r"^[0-9]{2,15}$", description="A division or grid code.")]
At = Annotated[str | None, Query(description="A past time, RFC 3339, or a day, which is its beginning here.")]
LayerName = Annotated[str | None, Query(pattern=r"^[\w-]{1,40}$", description="A layer; without it all of them.")]
TextEncoding = Annotated[Literal["utf-8", "gbk"], Query(description="Of shapefiles and CSV.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every export is asked for: a form, a part of the map, a time, and the encoding of text."""

    form: str
    within: str | None
    at: datetime | None
    encoding: str


async def asked_export(
    settings: SettingsDep, form: Format, within: Within = None, at: At = None, encoding: TextEncoding = "utf-8"
) -> Asked:
    """All of it. Raises InvalidInput for what is no time."""
    return Asked(form, within, _instant(at, settings), encoding)


AskedDep = Annotated[Asked, Depends(asked_export)]


@router.get("/divisions", response_class=Response)
def export_divisions(asked: AskedDep, session: SessionDep, scope: MapScopeDep, actor: ActorDep) -> Response:
    """Divisions with their outlines."""
    return _within_scope("divisions", asked, session, scope, actor)


@router.get("/grids", response_class=Response)
def export_grids(asked: AskedDep, session: SessionDep, scope: MapScopeDep, actor: ActorDep) -> Response:
    """Grids; imported again, their geometry is the same to the bit."""
    return _within_scope("grids", asked, session, scope, actor)


@router.get("/groups", response_class=Response)
def export_groups(asked: AskedDep, session: SessionDep, actor: ActorDep) -> Response:
    """Household groups with the ids of their heads, no name and no phone. Audited."""
    return _within_scope("groups", asked, session, MapScope(actor.caller.within), actor)


@router.get("/shelters", response_class=Response)
def export_shelters(asked: AskedDep, session: SessionDep, actor: ActorDep) -> Response:
    """Shelters in use, as points; imported again, they change nothing."""
    return _within_scope("shelters", asked, session, MapScope(actor.caller.within), actor)


@router.get("/layers", response_class=Response)
def export_layers(asked: AskedDep, session: SessionDep, actor: ActorDep, name: LayerName = None) -> Response:
    """A reference layer with the columns of its file, or code and name of all of them; without a key public ones."""
    return _file("layers", asked, session, actor, layer=name, public_only=actor.caller.role is None)


def _within_scope(kind: str, asked: Asked, session: Session, scope: MapScope, actor: Actor) -> Response:
    _check(session, scope, asked.within, asked.at)
    return _file(kind, asked, session, actor)


def _check(session: Session, scope: MapScope, within: str | None, at: datetime | None) -> None:
    """Raises Forbidden unless all that is asked for lies in the scope: a file that lacks rows would not say so."""
    asked = ("",) if within is None else prefixes_within(session, within, at)
    if not all(scope.covers(prefix) for prefix in asked):
        told = NOTHING if within else say("export_say_within", " Say within=CODE.")
        raise Forbidden(say("export_scope", "Not all of it lies inside the scope that was granted.{told}", told=told))


def _instant(at: str | None, settings: Settings) -> datetime | None:
    if not at:
        return None
    if len(at) != len("2026-11-22"):
        return parse_instant("at", at)
    try:
        day = datetime.fromisoformat(at).date()
    except ValueError:
        message = say("export_day", "a day is wanted, such as 2026-11-22, or a time with its offset")
        raise InvalidInput(f"at: {message}", errors=[FieldError("at", message)]) from None
    instant = datetime.combine(day, time(), ZoneInfo(settings.timezone))
    check_past("at", instant)
    return instant


def _file(kind: str, asked: Asked, session: Session, actor: Actor, **more: Any) -> Response:
    told = {"within": asked.within, "at": asked.at, **more}
    found = export_download(session, ExportRequest.named(kind, asked.form, actor, encoding=asked.encoding, **told))
    headers = {
        "Cache-Control": PRIVATE,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "X-Rows": str(found.rows),
    }
    return Response(found.content, headers=headers, media_type=found.media_type)
