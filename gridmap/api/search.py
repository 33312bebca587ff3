"""One box for everything: a code, a door, a place, a building, an officer, coordinates; each by right."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import RIGHTS, check
from gridmap.addresses.register import get_address
from gridmap.addresses.search.answer import feature_of
from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.inside import search_inside
from gridmap.addresses.search.ranking import SURE_SCORE
from gridmap.api.address_search import NearDep, ServedDep, WithinCode, where
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.params import MAX_PAGE
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.api.security import PRIVATE, ActorDep, NowDep
from gridmap.contacts import listing
from gridmap.contacts.listing import AskedOfficers
from gridmap.contacts.service import get_officer
from gridmap.errors import DatabaseUnavailable, Forbidden, InvalidInput, NotFound, Unauthenticated
from gridmap.exchange.pasted import read_place
from gridmap.grids import service as grids
from gridmap.households.buildings import BuildingRecord, get_building, list_buildings
from gridmap.households.service import get_household
from gridmap.snapshot.addresses import Served

router = APIRouter(tags=["search"])

_API = "/api/v1"
_VILLAGE_DIGITS, _GRID_DIGITS = 12, 15
Kind = Literal["point", "division", "grid", "group", "address", "place", "building", "household", "officer"]


class FoundThing(BaseModel):
    """What was found: what kind of thing, its code, what it is called, where it is and where it is told in full: `href`
    to programs, `page` to people.

    `detail` is what else tells it apart; `match_level` and `score` are those of the address search, `assumed` what was
    taken for granted of pasted coordinates.
    """

    kind: Kind
    code: str | None
    label: str
    detail: dict[str, Any] = {}
    lon: float | None = None
    lat: float | None = None
    href: str | None = None
    page: str | None = None
    match_level: str | None = None
    score: float | None = None
    assumed: list[str] = []


class FoundThings(BaseModel):
    """All that a text may mean, the likeliest first."""

    version: int
    query: str
    results: list[FoundThing]


@router.get("/search")
def search_everything(
    request: Request,
    q: Annotated[str, Query(max_length=1000, description="A code, an address, a name or coordinates.")],
    served: ServedDep,
    scope: GeocoderScopeDep,
    session: SessionDep,
    actor: ActorDep,
    near: NearDep,
    now: NowDep,
    settings: SettingsDep,
    response: Response,
    limit: Annotated[int, Query(ge=1)] = 10,
    shown: WithinCode = None,
) -> FoundThings:
    """What a text means: coordinates, else a code, else doors, places, buildings and officers.

    `shown` is the village, grid or group on the screen: 12号 alone is the door there. Names are masked and audited.
    """
    text, most = q.strip(), min(limit, MAX_PAGE)
    asked = _Asked(request, served, scope, session, actor, now, ZoneInfo(settings.timezone))
    if text and (point := list(_coordinates(asked, text))):
        found = point
    elif thing := _by_code(asked, text.upper()):
        found = [thing]
    else:
        asking = Asking(min(most, 100), scope.prefixes, near, autocomplete=True)
        named = [*_officers(asked, text, most), *_buildings(asked, text, most)]
        # A name that somebody has is rarely a misspelt place as well: what has it is not crowded out.
        found = [*_doors(served, text, asking, shown)][: most - min(len(named), most // 2)] + named
        found = found[:most]
    if any(thing.kind in {"household", "officer"} for thing in found):
        response.headers["Cache-Control"] = PRIVATE
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    return FoundThings(version=served.version, query=q, results=found)


class _Asked:
    """Who asks, and what is asked of."""

    def __init__(
        self, request: Request, served: Served, scope: MapScope, session: Session, actor: Actor, now: datetime,
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self.request, self.served, self.scope = request, served, scope
        self.session, self.actor, self.today = session, actor, now.astimezone(zone).date()

    def may(self, route: str) -> bool:
        """Whether the caller may use a route that tells of persons."""
        try:
            check(RIGHTS.get(route), self.actor.caller, frozenset())
        except (Forbidden, Unauthenticated):
            return False
        return True


def _coordinates(asked: _Asked, text: str) -> Iterator[FoundThing]:
    pasted = read_place(text)
    if pasted is None:
        return
    point = pasted.point
    there = where(asked.request, point, asked.scope).told
    assumed = ["GCJ-02" if pasted.crs == "gcj02" else "CGCS2000", *(["lat, lon"] if pasted.swapped else [])]
    yield FoundThing(
        kind="point", code=there["grid"] and there["grid"].code, label=f"{point.lon:.7f}, {point.lat:.7f}",
        detail={"grid": there["grid"], "divisions": there["divisions"], "nearest": there["nearest"]},
        lon=point.lon, lat=point.lat, assumed=assumed,
    )  # fmt: skip
    for near in asked.served.index.nearest(point, 3, asked.scope.prefixes):
        row = near.row
        yield FoundThing(
            kind="address", code=row.code, label=row.label, lon=row.lon, lat=row.lat,
            href=f"{_API}/addresses/{row.code}", page=f"/addresses?code={row.code}",
            detail={"distance_m": round(near.distance_m, 1), "bearing": round(near.bearing_deg), "grid_code": row.grid},
        )  # fmt: skip


def _by_code(asked: _Asked, code: str) -> FoundThing | None:
    """The thing that a code names; None for what is no code, is not there, or must not be told."""
    kinds: dict[tuple[str, int], Callable[[_Asked, str], FoundThing | None]] = {
        ("A", 15): _address, ("B", 15): _building, ("H", 15): _household, ("P", 15): _officer, ("", 15): _grid,
        ("", 17): _group,
        **{("", digits): _division for digits in (2, 6, 9, 12)},
    }  # fmt: skip
    letter = code[:1] if code[:1] in {"A", "B", "H", "P"} else ""
    number = code.removeprefix(letter)
    find = kinds.get((letter, len(code))) if number.isascii() and number.isdigit() else None
    try:
        return None if find is None else find(asked, code)
    except (NotFound, Forbidden, DatabaseUnavailable):
        return None


def _division(asked: _Asked, code: str) -> FoundThing | None:
    known = asked.served.index.chain(code)
    if known is None or not asked.scope.narrow([code]):
        return None
    middle = asked.served.index.middle(code)
    detail = {"level": known.place.level, "chain": [place.name for place in known.chain[:-1]]}
    return FoundThing(
        kind="division", code=code, label=known.place.name, detail=detail, href=f"{_API}/divisions/{code}",
        page=f"/?code={code}",
        lon=None if middle is None else middle.lon, lat=None if middle is None else middle.lat,
    )  # fmt: skip


def _grid(asked: _Asked, code: str) -> FoundThing | None:
    if not asked.scope.covers(code):
        return None
    found = grids.get_grid(asked.session, code)
    spot = found.geometry.representative_point()
    retired = found.valid_to is not None
    return FoundThing(
        kind="grid", code=code, label=found.name, lon=spot.x, lat=spot.y, href=f"{_API}/grids/{code}",
        page=f"/grids?grid={code}",
        detail={"status": "retired" if retired else "current", "kind": found.kind},
    )  # fmt: skip


def _group(asked: _Asked, code: str) -> FoundThing | None:
    if not asked.may("GET /api/v1/groups/{code}") or not asked.actor.caller.covers(code):
        return None
    name = grids.find_group_name(asked.session, code)
    if name is None:
        return None
    return FoundThing(
        kind="group", code=code, label=name, href=f"{_API}/groups/{code}", page=f"/groups?group={code}"
    )  # fmt: skip


def _address(asked: _Asked, code: str) -> FoundThing | None:
    row = asked.served.index.find(code)
    if row is None:
        return _ended(asked, code)
    if not asked.scope.covers(row.grid or row.village):
        return None
    return FoundThing(
        kind="address", code=code, label=row.label, lon=row.lon, lat=row.lat, href=f"{_API}/addresses/{code}",
        page=f"/addresses?code={code}", detail={"grid_code": row.grid}, match_level="door", score=1.0,
    )  # fmt: skip


def _ended(asked: _Asked, code: str) -> FoundThing | None:
    """A code that is no current door's: the door that it was merged into, or the one that was cancelled."""
    record = get_address(asked.session, code)
    if record.merged_into is not None and (now := _address(asked, record.merged_into)) is not None:
        now.detail = {**now.detail, "status": "merged", "merged_from": code}
        return now
    if not asked.scope.covers(record.place):
        return None
    return FoundThing(
        kind="address", code=code, label=record.label, lon=record.lon, lat=record.lat, href=f"{_API}/addresses/{code}",
        page=f"/addresses?code={code}", detail={"grid_code": record.grid_code, "status": record.status},
    )  # fmt: skip


def _household(asked: _Asked, code: str) -> FoundThing | None:
    if not asked.may("GET /api/v1/households/{household_id}"):
        return None
    found = get_household(asked.session, asked.actor, code)
    return FoundThing(
        kind="household", code=code, label=found.name or found.head.name, href=f"{_API}/households/{code}",
        page=f"/households?household={code}", detail={"address": found.address, "grid_code": found.grid_code},
    )  # fmt: skip


def _officer(asked: _Asked, code: str) -> FoundThing | None:
    if not asked.may("GET /api/v1/officers/{officer_id}"):
        return None
    found = get_officer(asked.session, asked.actor, code)
    return FoundThing(
        kind="officer", code=code, label=found.name, href=f"{_API}/officers/{code}", page=f"/officers?officer={code}",
        detail={"unit": found.unit},
    )  # fmt: skip


def _building(asked: _Asked, code: str) -> FoundThing | None:
    if not asked.may("GET /api/v1/buildings/{building_id}"):
        return None
    found = get_building(asked.session, code)
    return _told(found) if asked.actor.caller.covers(found.grid_code or found.village_code) else None


def _told(building: BuildingRecord) -> FoundThing:
    """A building stands on the page of its address."""
    return FoundThing(
        kind="building", code=building.id, label=building.name or building.address, lon=building.lon, lat=building.lat,
        href=f"{_API}/buildings/{building.id}", page=f"/addresses?code={building.address_code}",
        detail={"kind": building.kind, "address": building.address, "grid_code": building.grid_code,
                "status": building.status},
    )  # fmt: skip


def _matches(served: Served, text: str, asking: Asking, shown: str | None) -> list[Match]:
    """What a text means; unless it says one door itself, those of the village that is shown stand first."""
    found = search_inside(served.index, text, asking)
    village = (shown or "")[:_VILLAGE_DIGITS]
    prefixes = MapScope(asking.prefixes).narrow([village]) if len(village) == _VILLAGE_DIGITS else ()
    if not prefixes or any(match.level == "door" and match.score >= SURE_SCORE for match in found):
        return found
    inside = [match for match in search_inside(served.index, text, replace(asking, prefixes=prefixes)) if match.row]
    inside.sort(key=lambda match: not (match.grid or "").startswith((shown or "")[:_GRID_DIGITS]))
    theirs = {match.code for match in inside}
    return [*inside, *(match for match in found if match.code not in theirs)][: asking.limit]


def _doors(served: Served, text: str, asking: Asking, shown: str | None) -> Iterator[FoundThing]:
    for match in _matches(served, text, asking, shown):
        told = feature_of(match).properties
        yield FoundThing(
            kind="place" if match.row is None else "address", code=match.code, label=match.label,
            lon=None if match.point is None else match.point.lon,
            lat=None if match.point is None else match.point.lat,
            href=f"{_API}/{'divisions' if match.row is None else 'addresses'}/{match.code}",
            page=f"/?code={match.code}" if match.row is None else f"/addresses?code={match.code}",
            detail={"type": told.type, "grid_code": told.grid_code, "distance_m": told.distance,
                    "neighbour": told.neighbour},
            match_level=match.level, score=told.score,
        )  # fmt: skip


def _officers(asked: _Asked, text: str, limit: int) -> Iterator[FoundThing]:
    """Officers of a whole name or a unit, by right; those who ask are in the audit."""
    if not _is_name(text) or not asked.may("GET /api/v1/officers"):
        return
    try:
        page = listing.list_officers(
            asked.session, asked.actor, AskedOfficers(words=text), today=asked.today, cursor=None, limit=limit
        )
    except (Forbidden, InvalidInput, DatabaseUnavailable):
        return
    for listed in page.officers:
        officer = listed.officer
        yield FoundThing(
            kind="officer", code=officer.id, label=officer.name, href=f"{_API}/officers/{officer.id}",
            page=f"/officers?officer={officer.id}", detail={"unit": officer.unit, "kind": officer.kind},
        )  # fmt: skip


def _buildings(asked: _Asked, text: str, limit: int) -> Iterator[FoundThing]:
    """Schools, monasteries and what else stands there by a name."""
    within = MapScope(asked.actor.caller.within).narrow([""])
    if not _is_name(text) or not within or not asked.may("GET /api/v1/buildings"):
        return
    try:
        found = list_buildings(asked.session, prefixes=within, words=text, limit=limit)
    except DatabaseUnavailable:
        return
    yield from map(_told, found)


def _is_name(text: str) -> bool:
    return len(text) >= 2 and not any(sign.isdigit() for sign in text)
