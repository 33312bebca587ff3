"""Submitting, publishing, rejecting and reverting changesets, and the first load of empty villages. Nothing commits."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import same_person
from gridmap.db.locks import lock_villages
from gridmap.db.versions import current_version, time_of
from gridmap.editing import queries
from gridmap.editing.consequences import Consequences
from gridmap.editing.ground import get_villages, stale_problem
from gridmap.editing.model import Changeset
from gridmap.editing.plan import Plan
from gridmap.editing.problems import errors_among
from gridmap.editing.proposal import ProposedGrid
from gridmap.editing.publishing import write_plan
from gridmap.editing.record import DraftGrid, HasErrors, NotEmpty, OwnChange, WrongStatus
from gridmap.editing.service import (
    OPEN,
    as_proposed,
    check_villages,
    expect_status,
    get_locked,
    look_ahead,
    look_ahead_at,
    open_changeset,
    subject,
    with_refs,
    write_content,
)
from gridmap.errors import FieldError, InvalidInput, StaleBase
from gridmap.geo.arrays import as_multi
from gridmap.grids import service as grids
from gridmap.sentences import say


def submit(session: Session, actor: Actor, changeset_id: int) -> None:
    """Hands a draft over for review. Raises HasErrors while anything forbids publishing it, WrongStatus."""
    changeset = get_locked(session, actor.caller, changeset_id)
    expect_status(changeset, ("draft",), say("done_submitted", "submitted"))
    _, planned, _ = look_ahead(session, changeset)
    _refuse_errors(planned)
    changeset.status = "submitted"
    changeset.submitted_at = queries.now(session)
    changeset.submitted_by = actor.caller.name
    changeset.reason = None
    audit.record(session, actor, "changeset.submit", [subject(changeset_id)])
    session.flush()


def publish(session: Session, actor: Actor, changeset_id: int) -> int:
    """Makes a submitted changeset true and returns its dataset version.

    Raises OwnChange for the author, WrongStatus, StaleBase that names what was published meanwhile, HasErrors.
    """
    changeset = get_locked(session, actor.caller, changeset_id)
    expect_status(changeset, ("submitted",), say("done_published", "published"))
    if same_person(changeset.author, actor.caller.name):
        raise OwnChange(say("second_person", "A changeset is published by a second person, never by its author."))
    lock_villages(session, changeset.villages)
    stale = stale_problem(session, changeset.villages, changeset.base_version)
    if stale is not None:
        raise StaleBase(stale.told)
    version = _publish(session, actor, changeset)
    if changeset.reverts is not None:
        get_locked(session, actor.caller, changeset.reverts).status = "reverted"
        session.flush()
    return version


def reject(session: Session, actor: Actor, changeset_id: int, reason: str) -> None:
    """Sends a submitted changeset back to its author, who may take it up again. Raises InvalidInput, WrongStatus."""
    changeset = get_locked(session, actor.caller, changeset_id)
    expect_status(changeset, ("submitted",), say("done_rejected", "rejected"))
    if not reason.strip():
        raise InvalidInput(
            "Say why.", errors=[FieldError("reason", say("reason_wanted", "a reason is wanted"), "missing")]
        )
    changeset.status = "rejected"
    changeset.reason = reason.strip()
    changeset.decided_at = queries.now(session)
    changeset.decided_by = actor.caller.name
    audit.record(session, actor, "changeset.reject", [subject(changeset_id)])
    session.flush()


def revert(session: Session, actor: Actor, changeset_id: int) -> int:
    """Drafts a changeset that restores what was before a published one, and returns its id; it is reviewed like any.

    Raises StaleBase when something else was published about its villages since, which would be lost;
    WrongStatus for what is not published, or was a first load.
    """
    changeset = get_locked(session, actor.caller, changeset_id)
    expect_status(changeset, ("published",), say("done_reverted", "reverted"))
    version = changeset.published_version or 0
    stale = stale_problem(session, changeset.villages, version)
    if stale is not None:
        raise StaleBase(say("revert_newer_first", "Revert what came after it first. {newer}", newer=stale.told))
    former = grids.list_grids_of_version(session, changeset.villages, version - 1)
    if not former:
        raise WrongStatus(
            say(
                "first_load_stays",
                "Changeset {id} was a first load: there is no state before it to go back to.",
                id=changeset_id,
            )
        )
    new_id = open_changeset(session, actor, changeset.villages, f"撤销：{changeset.title}", reverts=changeset_id)
    reverting = get_locked(session, actor.caller, new_id)
    write_content(session, reverting, [as_proposed(grid) for grid in former])
    return new_id


def redraft(session: Session, actor: Actor, changeset_id: int) -> int:
    """Draws a stale or rejected changeset again on the grids as they are now, and returns the id of the new draft.

    What the old one adds, changes or retires stays so; of everything else the present state is taken, and where the
    two don't fit, the new draft's problems say it. The old one is closed. Raises WrongStatus for one that is open and
    not stale, or no longer open; NotFound when a village of it is no more.
    """
    changeset = get_locked(session, actor.caller, changeset_id)
    expect_status(changeset, (*OPEN, "rejected"), say("done_drawn_again", "drawn again"))
    open_ = changeset.status != "rejected"
    if open_ and stale_problem(session, changeset.villages, changeset.base_version) is None:
        raise WrongStatus(say("not_stale", "Changeset {id} is not stale: it can go on as it is.", id=changeset_id))
    drafts = [DraftGrid.of(row) for row in queries.proposed_grids(session, changeset)]
    touched = {draft.code for draft in drafts if draft.action != "keep"}
    new_id = open_changeset(session, actor, changeset.villages, changeset.title)
    present = grids.list_grids(session, prefixes=changeset.villages)
    kept = [as_proposed(grid) for grid in present if grid.code not in touched]
    wanted = [draft.proposed() for draft in drafts if draft.action in {"add", "change"}]
    write_content(session, get_locked(session, actor.caller, new_id), [*kept, *wanted])
    # Why it was sent back, and by whom, stays to be read.
    changeset.reason = f"{changeset.reason or ''} → {new_id}".strip()
    if open_:
        changeset.status = "rejected"
        changeset.decided_at = queries.now(session)
        changeset.decided_by = actor.caller.name
    audit.record(session, actor, "changeset.redraft", [subject(changeset_id), subject(new_id)])
    session.flush()
    return new_id


def first_load(
    session: Session, actor: Actor, title: str, content: Sequence[ProposedGrid], *, trial: bool = False
) -> int:
    """Publishes the first grids of villages that never had any, and returns the dataset version.

    The one change that needs no second person. All villages are of one county; one without an outline gets the union
    of its grids. Raises NotEmpty, HasErrors with every error, and what `open_changeset` raises.
    """
    villages = [village.code for village in get_villages(session, [grid.village_code for grid in content])]
    check_villages(actor.caller, villages)
    lock_villages(session, villages)
    if grids.codes_ever_used(session, villages):
        raise NotEmpty(
            say("village_has_grids", "One of these villages has grids, or had some: a change of them is reviewed.")
        )
    # Looked at before it has a number: a village that does not tile must not use one up.
    wanted = [replace(grid, geometry=as_multi(grid.geometry)) for grid in with_refs(content)]
    _, planned, found = look_ahead_at(session, villages, wanted, current_version(session))
    _refuse_errors(planned)
    changeset = get_locked(session, actor.caller, open_changeset(session, actor, villages, title, trial=trial))
    write_content(session, changeset, content)
    changeset.reason = "first load"
    return _make_true(session, actor, changeset, planned, found)


def _publish(session: Session, actor: Actor, changeset: Changeset) -> int:
    _, planned, found = look_ahead(session, changeset)
    _refuse_errors(planned)
    return _make_true(session, actor, changeset, planned, found)


def _make_true(session: Session, actor: Actor, changeset: Changeset, planned: Plan, found: Consequences) -> int:
    version = write_plan(session, changeset, planned, found, actor.caller.name)
    changeset.status = "published"
    changeset.published_version = version
    changeset.decided_at = time_of(session, version)
    changeset.decided_by = actor.caller.name
    audit.record(session, actor, "changeset.publish", [subject(changeset.id)])
    session.flush()
    return version


def _refuse_errors(planned: Plan) -> None:
    errors = errors_among(planned.problems)
    if errors:
        refusal = say(
            "errors_first",
            "{count} errors have to be put right first: {first}",
            count=len(errors),
            first=errors[0].message,
        )
        raise HasErrors(refusal, errors=errors)
    if not planned.with_action("add", "change", "retire"):
        raise HasErrors(say("proposes_nothing", "The changeset proposes nothing that is not so already."))
