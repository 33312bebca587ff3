"""Routes of the register of addresses: lists, single doors, their upkeep and their problems."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.addresses import problems, register, waiting
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import Address
from gridmap.addresses.problems import KINDS, Kind
from gridmap.addresses.record import AddressRecord
from gridmap.addresses.register_schema import (
    AcceptIn,
    AddressCollection,
    AddressDetail,
    AddressFeature,
    AddressIn,
    AddressPatch,
    AddressProblemOut,
    AddressProblems,
    MergedOut,
    MergeIn,
    PointIn,
    RecordHistoryOut,
)
from gridmap.api.addresses import GazetteerStore, get_store
from gridmap.api.deps import ReadingDep, SessionDep
from gridmap.api.params import BBoxDep, PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.api.security import ActorDep
from gridmap.db.history import list_states
from gridmap.db.versions import current_version
from gridmap.divisions.service import prefixes_within
from gridmap.households import doors
from gridmap.preplans.merging import merge_whole

router = APIRouter(prefix="/addresses", tags=["addresses"])

AddressCode = Annotated[str, Path(pattern=r"^A[0-9]{14}$", description="A, the county code, eight digits.")]
Within = Annotated[str | None, Query(pattern=r"^[0-9]{2,15}$", description="A division or grid code.")]
Why = Annotated[str | None, Query(max_length=500, description="Why it is cancelled.")]
WaitingId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def get_gazetteer(session: SessionDep, store: Annotated[GazetteerStore, Depends(get_store)]) -> Gazetteer:
    """The names of all divisions as of now."""
    return store.get(session, current_version(session), ("",))


GazetteerDep = Annotated[Gazetteer, Depends(get_gazetteer)]


@router.get("")
def list_addresses(
    request: Request,
    reading: ReadingDep,
    scope: GeocoderScopeDep,
    page: PageDep,
    bbox: BBoxDep,
    within: Within = None,
    status: Literal["current", "cancelled", "merged", "any"] = "current",
) -> AddressCollection:
    """Addresses by code, as GeoJSON: those within a division or grid, and in a box."""
    found = register.list_addresses(
        reading.session,
        prefixes=_prefixes(reading.session, scope, within),
        status=None if status == "any" else status,
        bbox=bbox,
        cursor=page.cursor,
        limit=page.limit + 1,
    )
    shown = found[: page.limit]
    last = shown[-1].code if len(found) > page.limit else None
    features = [AddressFeature.of(record) for record in shown]
    return AddressCollection(version=reading.version, features=features, next=page.next_link(request, last))


@router.get("/problems")
def list_problems(
    request: Request,
    session: SessionDep,
    scope: GeocoderScopeDep,
    page: PageDep,
    gazetteer: GazetteerDep,
    within: Within = None,
    kind: Annotated[list[Kind] | None, Query(description="Only these kinds.")] = None,
) -> AddressProblems:
    """What is wrong with addresses within, and what to do about each; labels are read when `kind=label` asks for it."""
    prefixes = _prefixes(session, scope, within)
    kinds = tuple(kind) if kind else KINDS[:-1]
    cursor, most = page.cursor, page.limit + 1
    found, counts = problems.survey(session, gazetteer, prefixes, kinds=kinds, cursor=cursor, limit=most)
    shown = found[: page.limit]
    return AddressProblems(
        version=current_version(session),
        counts={str(kind): number for kind, number in counts.items()},
        problems=[AddressProblemOut.of(problem) for problem in shown],
        next=page.next_link(request, shown[-1].key if len(found) > page.limit else None),
    )


@router.post("", status_code=201)
def create_address(
    given: AddressIn, session: SessionDep, actor: ActorDep, gazetteer: GazetteerDep, response: Response
) -> AddressDetail:
    """Enters a door; its grid is that of its point. 409 names the door that is called so already."""
    record = register.create_address(session, actor, gazetteer, given.change())
    response.headers["Location"] = f"/api/v1/addresses/{record.code}"
    return _detail(session, gazetteer, response, record)


@router.post("/waiting/{waiting_id}/place", status_code=201)
def place_waiting(
    waiting_id: WaitingId,
    given: PointIn,
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    response: Response,
) -> AddressDetail:
    """Gives a row that waits its point: it becomes an address."""
    record = waiting.place_waiting(session, actor, gazetteer, waiting_id, given.point())
    response.headers["Location"] = f"/api/v1/addresses/{record.code}"
    return _detail(session, gazetteer, response, record)


@router.delete("/waiting/{waiting_id}", status_code=204)
def drop_waiting(waiting_id: WaitingId, session: SessionDep, actor: ActorDep) -> None:
    """Gives a row that waits up: there is no such door."""
    waiting.drop_waiting(session, actor, waiting_id)


@router.get("/{code}")
def get_address(
    code: AddressCode, session: SessionDep, scope: GeocoderScopeDep, gazetteer: GazetteerDep, response: Response
) -> AddressDetail:
    """One address. A code always resolves: a merged one says into which, a cancelled one that it is no more."""
    record = _told(session, scope, code)
    return _detail(session, gazetteer, response, record)


@router.patch("/{code}")
def change_address(
    code: AddressCode,
    given: AddressPatch,
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    if_match: IfMatchDep,
    response: Response,
) -> AddressDetail:
    """Changes the given fields; the former label stays as another name, and the grid follows the point at once."""
    if given.status == "current":
        register.restore_address(session, actor, code, if_match)
        if_match = None
    change = given.change()
    record = doors.change_address(session, actor, gazetteer, code, change, if_match)
    return _detail(session, gazetteer, response, record)


@router.delete("/{code}")
def cancel_address(
    code: AddressCode,
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    if_match: IfMatchDep,
    response: Response,
    why: Why = None,
) -> AddressDetail:
    """Cancels an address that is no more; 409 while households live there. The code stays and says so."""
    return _detail(session, gazetteer, response, doors.cancel_address(session, actor, code, why, if_match))


@router.get("/{code}/history")
def get_history(code: AddressCode, session: SessionDep, scope: GeocoderScopeDep) -> RecordHistoryOut:
    """What the address was after each write, the oldest first."""
    _told(session, scope, code)
    return RecordHistoryOut.of(code, list_states(session, Address, code), current_version(session))


@router.post("/{code}/merge")
def merge_address(
    code: AddressCode,
    given: MergeIn,
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    if_match: IfMatchDep,
    response: Response,
) -> MergedOut:
    """Makes this address one with another: households, building, officers who work there, shelters and names go
    there, and this code leads there."""
    whole = merge_whole(session, actor, code, given.into, if_match)
    merged = whole.merged
    told = _detail(session, gazetteer, response, merged.address)
    return MergedOut(
        **told.model_dump(),
        moved_households=len(merged.households),
        moved_buildings=list(merged.buildings),
        closed_buildings=list(merged.closed_buildings),
        moved_officers=len(whole.officers),
        moved_shelters=list(whole.shelters),
    )


@router.post("/{code}/accept")
def accept_problem(
    code: AddressCode,
    given: AcceptIn,
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    response: Response,
) -> AddressDetail:
    """Writes down that a problem was looked at and is none; it is told again when the address changes."""
    record = register.accept_problem(session, actor, code, given.kind, given.note)
    return _detail(session, gazetteer, response, record)


@router.delete("/{code}/accept")
def reopen_problem(
    code: AddressCode,
    kind: Annotated[str, Query(max_length=20)],
    session: SessionDep,
    actor: ActorDep,
    gazetteer: GazetteerDep,
    response: Response,
) -> AddressDetail:
    """Takes an acceptance back: the problem is told again."""
    return _detail(session, gazetteer, response, register.reopen_problem(session, actor, code, kind))


def _prefixes(session: Session, scope: MapScope, within: str | None) -> tuple[str, ...]:
    return scope.prefixes if within is None else scope.narrow(prefixes_within(session, within))


def _told(session: Session, scope: MapScope, code: str) -> AddressRecord:
    """The address, when it lies in what the caller is told."""
    record = register.get_address(session, code)
    scope.require(record.place)
    return record


def _detail(session: Session, gazetteer: Gazetteer, response: Response, record: AddressRecord) -> AddressDetail:
    tag_row(response, record.row_version)
    found = problems.problems_of(session, gazetteer, record)
    return AddressDetail.told(record, current_version(session), found)
