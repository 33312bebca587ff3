"""Routes of changesets."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session

from gridmap.access.caller import Caller
from gridmap.api import geojson
from gridmap.api.deps import SessionDep
from gridmap.api.params import Page, PageDep
from gridmap.api.problems import problems_out
from gridmap.api.security import ActorDep
from gridmap.db.versions import current_version
from gridmap.editing import review, service
from gridmap.editing.proposal import ProposedGrid
from gridmap.editing.record import ChangesetRecord
from gridmap.editing.schema import (
    ChangesetDetail,
    ChangesetList,
    ChangesetOut,
    DraftCollection,
    DraftFeature,
    DraftProperties,
    OpenChangeset,
    ProposedCollection,
    ProposedFeature,
    PublishedVersion,
    Rejection,
    Renumbering,
)
from gridmap.errors import FieldError, InvalidInput

router = APIRouter(prefix="/changesets", tags=["changesets"])

ChangesetId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Status = Literal["draft", "submitted", "published", "rejected", "reverted"]
VillageQuery = Annotated[str | None, Query(pattern=r"^[0-9]{12}$", description="Those that are about this village.")]


@router.post("", status_code=201)
def open_changeset(asked: OpenChangeset, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Begins a changeset with the grids of its villages as they are."""
    changeset_id = service.open_changeset(session, actor, asked.villages, asked.title)
    return _detail(session, actor.caller, changeset_id)


@router.get("")
def list_changesets(
    request: Request,
    page: PageDep,
    session: SessionDep,
    actor: ActorDep,
    *,
    status: Status | None = None,
    village: VillageQuery = None,
) -> ChangesetList:
    """Changesets within the caller's scope, the newest first."""
    found = service.list_changesets(
        session, actor.caller, status=status, village=village, before=_before(page), limit=page.limit + 1
    )
    shown = found[: page.limit]
    last = str(shown[-1].id) if len(found) > page.limit else None
    return ChangesetList(
        version=current_version(session),
        changesets=[ChangesetOut.of(record) for record in shown],
        next=page.next_link(request, last),
    )


@router.get("/{changeset_id}")
def get_changeset(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """A changeset with its problems, its lineage and what it moves: as if it were published now, or as it was."""
    return _detail(session, actor.caller, changeset_id)


@router.get("/{changeset_id}/grids")
def list_grids(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> DraftCollection:
    """The state that a changeset proposes, as GeoJSON, with the grids that it retires."""
    content = service.list_content(session, actor.caller, changeset_id)
    record = service.get_report(session, actor.caller, changeset_id).changeset
    features = [
        DraftFeature(
            id=grid.ref, geometry=geojson.geometry(grid.geometry), properties=DraftProperties.model_validate(grid)
        )
        for grid in content
    ]
    return DraftCollection(version=current_version(session), base_version=record.base_version, features=features)


@router.put("/{changeset_id}/grids")
def propose_grids(
    changeset_id: ChangesetId, proposed: ProposedCollection, session: SessionDep, actor: ActorDep
) -> ChangesetDetail:
    """Puts the complete new state of the villages; saved whatever is wrong with it, which is told."""
    record = service.get_report(session, actor.caller, changeset_id).changeset
    content = [_proposed(feature, place, record) for place, feature in enumerate(proposed.features)]
    service.propose(session, actor, changeset_id, content, base_version=proposed.base_version)
    return _detail(session, actor.caller, changeset_id)


@router.post("/{changeset_id}/renumber")
def renumber(changeset_id: ChangesetId, asked: Renumbering, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Proposes new codes for the grids of a village, west to east and north to south, as the standard asks."""
    service.propose_renumbering(session, actor, changeset_id, asked.village)
    return _detail(session, actor.caller, changeset_id)


@router.post("/{changeset_id}/submit")
def submit(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Hands a draft over for review; 422 with every error while it has any."""
    review.submit(session, actor, changeset_id)
    return _detail(session, actor.caller, changeset_id)


@router.post("/{changeset_id}/publish")
def publish(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> PublishedVersion:
    """Makes a submitted changeset true; 409 when something else was published about its villages, which is named."""
    return PublishedVersion(version=review.publish(session, actor, changeset_id))


@router.post("/{changeset_id}/reject")
def reject(changeset_id: ChangesetId, asked: Rejection, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Sends a submitted changeset back to its author."""
    review.reject(session, actor, changeset_id, asked.reason)
    return _detail(session, actor.caller, changeset_id)


@router.post("/{changeset_id}/revert", status_code=201)
def revert(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Drafts a changeset that restores what was before a published one."""
    return _detail(session, actor.caller, review.revert(session, actor, changeset_id))


@router.post("/{changeset_id}/redraft", status_code=201)
def redraft(changeset_id: ChangesetId, session: SessionDep, actor: ActorDep) -> ChangesetDetail:
    """Draws a stale or rejected changeset again on the present grids, as a new draft of the caller; closes the old."""
    return _detail(session, actor.caller, review.redraft(session, actor, changeset_id))


def _detail(session: Session, caller: Caller, changeset_id: int) -> ChangesetDetail:
    report = service.get_report(session, caller, changeset_id)
    return ChangesetDetail.of_report(current_version(session), report, problems_out(report.problems))


def _proposed(feature: ProposedFeature, place: int, record: ChangesetRecord) -> ProposedGrid:
    told = feature.properties
    where = f"features.{place}"
    village = told.village_code or (told.code or "")[:12] or (record.villages[0] if len(record.villages) == 1 else None)
    if village is None:
        message = "a new grid in a changeset of several villages wants its village_code"
        raise InvalidInput(f"{where}: {message}", errors=[FieldError(f"{where}.properties.village_code", message)])
    return ProposedGrid(
        village_code=village,
        code=told.code,
        name=told.name,
        geometry=geojson.polygons(feature.geometry, f"{where}.geometry"),
        name_bo=told.name_bo,
        kind=told.kind,
        note=told.note,
        ref="" if feature.id is None else str(feature.id),
    )


def _before(page: Page) -> int | None:
    """The id behind which a page begins."""
    if page.cursor is None:
        return None
    if not page.cursor.isdigit():
        raise InvalidInput("cursor: take it from the `next` link", errors=[FieldError("cursor", "not a cursor")])
    return int(page.cursor)
