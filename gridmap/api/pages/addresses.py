"""The page of addresses: find a door, see all that is known of it, correct it, and work through what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.caller import ANONYMOUS
from gridmap.access.rights import RIGHTS, check, may_see_persons
from gridmap.addresses import place_names, problems, register, waiting
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import Address
from gridmap.addresses.problems import KINDS, AddressProblem, Kind
from gridmap.addresses.record import AddressRecord
from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.inside import search_inside
from gridmap.api.address_register import GazetteerDep
from gridmap.api.address_search import ServedDep
from gridmap.api.deps import SessionDep
from gridmap.api.pages.frame import Frame, FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.pages.links import asked_block
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.api.security import ActorDep
from gridmap.db.history import Revision, list_states
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord, get_division
from gridmap.errors import NotFound
from gridmap.grids import service as grids
from gridmap.households import buildings, dwellers
from gridmap.households.buildings import BuildingRecord
from gridmap.households.service import HouseholdRecord
from gridmap.maps import service as maps
from gridmap.snapshot.addresses import Served

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ROWS_SHOWN = 60
_PROBLEMS = "GET /api/v1/addresses/problems"
_FOUND = 30
CodeQuery = Annotated[str | None, Query(pattern=r"^A[0-9]{14}$")]
KeyQuery = Annotated[str | None, Query(pattern=r"^[0-9]\w{1,18}$")]
Cursor = Annotated[str | None, Query(pattern=r"^\w{1,20}$")]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: a door, and how the text that was searched for was met, when there was one."""

    code: str
    label: str
    grid_code: str | None
    met: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A door with what belongs to it, as far as the reader may see it."""

    record: AddressRecord
    grid_name: str
    problems: Sequence[AddressProblem]
    buildings: Sequence[BuildingRecord]
    households: Sequence[HouseholdRecord]
    history: Sequence[Revision]


@dataclass(frozen=True)
class Told:
    """The problems of a page and how many there are, looked for once where a page `shows_both`."""

    session: Session
    gazetteer: Gazetteer
    prefixes: tuple[str, ...]
    kinds: Sequence[Kind]
    cursor: str | None
    shows_both: bool

    def listed(self) -> list[AddressProblem]:
        """One page of them."""
        if self.shows_both:
            return self._both[0]
        return problems.list_problems(
            self.session, self.gazetteer, self.prefixes, kinds=self.kinds, cursor=self.cursor, limit=ROWS_SHOWN
        )

    def counts(self) -> dict[Kind, int]:
        """How many of each kind."""
        return self._both[1] if self.shows_both else problems.count_problems(self.session, self.prefixes)

    @cached_property
    def _both(self) -> tuple[list[AddressProblem], dict[Kind, int]]:
        return problems.survey(
            self.session, self.gazetteer, self.prefixes, kinds=self.kinds, cursor=self.cursor, limit=ROWS_SHOWN
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The problem that is worked on, None when it is solved, and the keys of those before and behind it."""

    problem: AddressProblem | None
    key: str
    following: str | None


@router.get("/addresses")
def addresses_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    scope: GeocoderScopeDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    served: ServedDep,
    within: WithinQuery = None,
    code: CodeQuery = None,
    q: Annotated[str, Query(max_length=200)] = "",
    view: Literal["list", "problems"] = "list",
    kind: Kind | None = None,
    problem: KeyQuery = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Doors of a division as a list and a map, one of them or one of their problems in the drawer."""
    if view == "problems":
        check(RIGHTS[_PROBLEMS], actor.caller, frozenset())
    record = None if code is None else _record(session, scope, code)
    division = _division(session, scope, within or (record.place[:12] if record and view == "list" and not q else None))
    prefixes = scope.within(session, division.code)
    kinds = KINDS[:-1] if kind is None else (kind,)
    told = Told(session, gazetteer, prefixes, kinds, cursor, shows_both=view == "problems" and _has_head(request))
    return render(
        request,
        "addresses.html",
        frame,
        personal=may_see_persons(actor.caller),
        within=division,
        map_code=division.code[:6],
        chain=lambda: divisions.chain_above(session, division.code),
        known=actor.caller != ANONYMOUS,
        rows=cache(lambda: _rows(session, served, prefixes, q, cursor)),
        listed=cache(told.listed),
        counts=cache(told.counts),
        asked={"q": q, "view": view, "kind": kind, "code": code, "problem": problem},
        shown_rows=ROWS_SHOWN,
        card=None if record is None else cache(lambda: _card(session, actor, gazetteer, record)),
        shown=cache(lambda: _shown(session, gazetteer, prefixes, problem, kinds)),
        doors=DOORS,
        source_words=lambda source: _source_words(frame, source),
        names=cache(lambda: place_names.list_names(session, division.code)),
        name_kinds=place_names.KINDS,
    )


DOORS = ("group_name", "hamlet", "street", "number", "sub_number", "estate", "building", "unit", "floor", "room")
"""The segments that a form shows, in the order of a label."""


def _source_words(frame: Frame, source: str) -> str:
    """Where a point comes from, when gridmap itself has written it; whatever else stands there stays as it came."""
    own = {
        **dict.fromkeys(("map", waiting.SOURCE), frame.t("address.source_map")),
        register.DEFAULT_SOURCE: frame.t("address.source_hand"),
        "invented for the demo": frame.t("address.source_demo"),
    }
    return own.get(source, source)


def _has_head(request: Request) -> bool:
    """Whether what is asked for tells the counts: the page, or its list with the head."""
    return asked_block(request) in {None, "list"}


def _division(session: Session, scope: MapScope, within: str | None) -> DivisionRecord:
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound("There is nothing here yet: gridmap demo load, or gridmap import divisions FILE.")
    return division


def _record(session: Session, scope: MapScope, code: str) -> AddressRecord:
    record = register.get_address(session, code)
    scope.require(record.place)
    return record


def _rows(session: Session, served: Served, prefixes: tuple[str, ...], q: str, cursor: str | None) -> list[Row]:
    if not q.strip():
        found = register.list_addresses(session, prefixes=prefixes, cursor=cursor, limit=ROWS_SHOWN)
        return [Row(record.code, record.label, record.grid_code) for record in found]
    matches = search_inside(served.index, q, Asking(_FOUND, prefixes, None, autocomplete=True))
    return [Row(m.code, m.label, m.grid, _met(m.level, neighbour=m.neighbour)) for m in matches]


def _met(level: str, *, neighbour: bool) -> str:
    return "neighbour" if neighbour else level


def _card(session: Session, actor: Actor, gazetteer: Gazetteer, record: AddressRecord) -> Card:
    keyed = actor.caller != ANONYMOUS
    grid = None if record.grid_code is None else grids.get_grid(session, record.grid_code)
    return Card(
        record=record,
        grid_name="" if grid is None else grid.name,
        problems=problems.problems_of(session, gazetteer, record),
        buildings=buildings.at_addresses(session, [record.code]),
        households=dwellers.living_at(session, actor, record) if may_see_persons(actor.caller) else (),
        history=list_states(session, Address, record.code) if keyed else (),
    )


def _shown(
    session: Session, gazetteer: Gazetteer, prefixes: tuple[str, ...], key: str | None, kinds: Sequence[Kind]
) -> Shown | None:
    """The problem of a key; when it is solved, the way goes on behind it all the same."""
    if key is None:
        return None
    behind = problems.list_problems(session, gazetteer, prefixes, kinds=kinds, cursor=key, limit=1)
    found = problems.find_problem(session, gazetteer, prefixes, key)
    return Shown(found, key, behind[0].key if behind else None)
