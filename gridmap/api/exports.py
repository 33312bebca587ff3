"""Routes of exports: what maps and plans are made of as a file of any format that `gridmap export` writes."""

from datetime import datetime, time
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.params import parse_instant
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.api.security import PRIVATE, ActorDep
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


@router.get("/divisions", response_class=Response)
def export_divisions(
    form: Format, session: SessionDep, scope: MapScopeDep, actor: ActorDep, settings: SettingsDep, *,
    within: Within = None, at: At = None, encoding: TextEncoding = "utf-8",
) -> Response:  # fmt: skip
    """Divisions with their outlines."""
    _check(session, scope, within, _instant(at, settings))
    return _download(session, actor, "divisions", form, within, _instant(at, settings), encoding)


@router.get("/grids", response_class=Response)
def export_grids(
    form: Format, session: SessionDep, scope: MapScopeDep, actor: ActorDep, settings: SettingsDep, *,
    within: Within = None, at: At = None, encoding: TextEncoding = "utf-8",
) -> Response:  # fmt: skip
    """Grids; imported again, their geometry is the same to the bit."""
    _check(session, scope, within, _instant(at, settings))
    return _download(session, actor, "grids", form, within, _instant(at, settings), encoding)


@router.get("/groups", response_class=Response)
def export_groups(
    form: Format, session: SessionDep, actor: ActorDep, settings: SettingsDep, *,
    within: Within = None, at: At = None, encoding: TextEncoding = "utf-8",
) -> Response:  # fmt: skip
    """Household groups with the ids of their heads, no name and no phone. Audited."""
    _check(session, MapScope(actor.caller.within), within, _instant(at, settings))
    return _download(session, actor, "groups", form, within, _instant(at, settings), encoding)


@router.get("/shelters", response_class=Response)
def export_shelters(
    form: Format, session: SessionDep, actor: ActorDep, settings: SettingsDep, *,
    within: Within = None, at: At = None, encoding: TextEncoding = "utf-8",
) -> Response:  # fmt: skip
    """Shelters in use, as points; imported again, they change nothing."""
    _check(session, MapScope(actor.caller.within), within, _instant(at, settings))
    return _download(session, actor, "shelters", form, within, _instant(at, settings), encoding)


@router.get("/layers", response_class=Response)
def export_layers(
    form: Format, session: SessionDep, actor: ActorDep, settings: SettingsDep, *,
    name: LayerName = None, within: Within = None, at: At = None, encoding: TextEncoding = "utf-8",
) -> Response:  # fmt: skip
    """A reference layer with the columns of its file, or code and name of all of them; without a key public ones."""
    public_only = actor.caller.role is None
    asked = {"within": within, "at": _instant(at, settings), "layer": name, "public_only": public_only}
    return _file(session, ExportRequest.named("layers", form, actor, encoding=encoding, **asked))


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
    return datetime.combine(day, time(), ZoneInfo(settings.timezone))


def _download(
    session: Session, actor: Actor, kind: str, form: str, within: str | None, at: datetime | None, encoding: str
) -> Response:
    return _file(session, ExportRequest.named(kind, form, actor, within=within, at=at, encoding=encoding))


def _file(session: Session, request: ExportRequest) -> Response:
    found = export_download(session, request)
    headers = {
        "Cache-Control": PRIVATE,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "X-Rows": str(found.rows),
    }
    return Response(found.content, headers=headers, media_type=found.media_type)
