"""Drafts of changesets: opened, filled, shown with their problems and their effect. Nothing here commits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller
from gridmap.access.rights import check_scope
from gridmap.db.geometry import from_shapely
from gridmap.db.versions import current_version
from gridmap.editing import queries
from gridmap.editing.consequences import Consequences, consequences
from gridmap.editing.effect import effect_for, effect_of
from gridmap.editing.ground import get_villages, load_ground, stale_problem
from gridmap.editing.model import Changeset
from gridmap.editing.plan import Plan, action_of, plan
from gridmap.editing.problems import Kind, Problem
from gridmap.editing.proposal import Ground, ProposedGrid
from gridmap.editing.record import ChangesetRecord, DraftGrid, Report, WrongStatus
from gridmap.errors import FieldError, Forbidden, InvalidInput, NotFound
from gridmap.geo.arrays import as_multi
from gridmap.grids import service as grids
from gridmap.grids.numbering import renumber
from gridmap.grids.service import GridRecord
from gridmap.sentences import Sentence, say

OPEN = ("draft", "submitted")
EDITABLE = ("draft", "rejected")
_STATUS = {
    "draft": say("is_draft", "draft"),
    "submitted": say("is_submitted", "submitted"),
    "rejected": say("is_rejected", "rejected"),
    "published": say("is_published", "published"),
    "reverted": say("is_reverted", "reverted"),
}


def open_changeset(
    session: Session,
    actor: Actor,
    villages: Sequence[str],
    title: str,
    *,
    reverts: int | None = None,
    trial: bool = False,
) -> int:
    """Begins a changeset of some villages with their grids as they are, and returns its id.

    A trial, which is taken back in the same transaction, takes no number away: its id is below 0.

    Raises InvalidInput without a title or for what is no village, NotFound, Forbidden outside the scope.
    """
    named = [village.code for village in get_villages(session, villages)]
    check_villages(actor.caller, named)
    if not title.strip():
        raise InvalidInput(
            "A changeset wants a title.",
            errors=[FieldError("title", say("title_wanted", "a title is wanted"), "missing")],
        )
    values = {
        "county_code": named[0][:6],
        "villages": named,
        "title": title.strip(),
        "author": actor.caller.name,
        "base_version": current_version(session),
        "reverts": reverts,
    }
    changeset = queries.insert_trial(session, values) if trial else queries.insert_changeset(session, values)
    current = grids.list_grids(session, prefixes=named)
    write_content(session, changeset, [as_proposed(grid) for grid in current])
    audit.record(session, actor, "changeset.open", [subject(changeset.id)])
    return changeset.id


def propose(
    session: Session,
    actor: Actor,
    changeset_id: int,
    content: Sequence[ProposedGrid],
    *,
    base_version: int | None = None,
) -> None:
    """Puts the complete new state of its villages into a changeset, whatever is wrong with it.

    `base_version` is the dataset version that the state was drawn on, when it is newer than the one before. A
    rejected changeset becomes a draft again. Raises Forbidden unless the actor is its author, WrongStatus for one
    that is submitted or decided, InvalidInput for a version that does not exist.
    """
    changeset = get_locked(session, actor.caller, changeset_id)
    if changeset.author != actor.caller.name:
        raise Forbidden(
            say("others_draft", "Changeset {id} is {author}'s to edit.", id=changeset_id, author=changeset.author)
        )
    expect_status(changeset, EDITABLE, say("done_edited", "edited"))
    if base_version is not None:
        newest = current_version(session)
        if not 0 <= base_version <= newest:
            message = f"there is no version {base_version}; the newest is {newest}"
            raise InvalidInput(f"base_version: {message}", errors=[FieldError("base_version", message)])
        changeset.base_version = base_version
    changeset.status = "draft"
    changeset.updated_at = queries.now(session)
    write_content(session, changeset, content)
    audit.record(session, actor, "changeset.propose", [subject(changeset_id)])


def propose_renumbering(session: Session, actor: Actor, changeset_id: int, village_code: str) -> dict[str, str]:
    """Gives the grids of one village in a draft the codes that the standard asks for; returns old and new ones.

    Grids that are new anyway are numbered when they are published. Raises as `propose`, and NumberingFull.
    """
    changeset = get_locked(session, actor.caller, changeset_id)
    if village_code not in changeset.villages:
        raise InvalidInput(f"Village {village_code} is not in changeset {changeset_id}.")
    content = content_of(session, changeset)
    mine = {grid.code: grid.geometry for grid in content if grid.code and grid.village_code == village_code}
    new_codes = dict(renumber(mine, grids.codes_ever_used(session, [village_code])))
    renumbered = [replace(grid, code=new_codes.get(grid.code or "", grid.code)) for grid in content]
    propose(session, actor, changeset_id, renumbered)
    return new_codes


def list_changesets(
    session: Session,
    caller: Caller,
    *,
    status: str | None = None,
    village: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[ChangesetRecord]:
    """Changesets whose villages all lie in the caller's scope, the newest first; those with an id below `before`.

    A fieldworker is told of his own.
    """
    rows = queries.list_changesets(
        session,
        status=status,
        village=village,
        within=village_scope(caller),
        author=caller.name if caller.role == "fieldworker" else None,
        before=before,
        limit=limit,
    )
    return [ChangesetRecord.of(row) for row in rows]


def get_report(session: Session, caller: Caller, changeset_id: int) -> Report:
    """A changeset with its problems and effect. Raises NotFound, Forbidden outside the scope."""
    changeset = _get(session, caller, changeset_id)
    record = ChangesetRecord.of(changeset)
    if changeset.effect is not None:
        return Report(record, [], effect_for(caller, changeset.effect), {})
    if changeset.status not in {*OPEN, *EDITABLE}:
        return Report(record, [], {}, {})
    _, planned, found = look_ahead(session, changeset)
    return Report(record, planned.problems, effect_for(caller, effect_of(planned, found)), dict(planned.codes))


def list_content(session: Session, caller: Caller, changeset_id: int) -> list[DraftGrid]:
    """The grids that a changeset proposes and those that it retires. Raises as `get_report`."""
    changeset = _get(session, caller, changeset_id)
    return [DraftGrid.of(row) for row in queries.proposed_grids(session, changeset)]


def look_ahead(session: Session, changeset: Changeset) -> tuple[Ground, Plan, Consequences]:
    """What publishing a changeset would do now, all problems included."""
    original = None if changeset.reverts is None else queries.find_changeset(session, changeset.reverts)
    reverted = None if original is None else original.published_version
    content = content_of(session, changeset)
    return look_ahead_at(session, changeset.villages, content, changeset.base_version, reverted_version=reverted)


def look_ahead_at(
    session: Session,
    villages: Sequence[str],
    content: Sequence[ProposedGrid],
    base_version: int,
    *,
    reverted_version: int | None = None,
) -> tuple[Ground, Plan, Consequences]:
    """What publishing a state of some villages would do now, all problems included."""
    ground = load_ground(session, villages, content)
    planned = plan(ground, content)
    found = consequences(session, ground, planned, reverted_version=reverted_version)
    stale = stale_problem(session, villages, base_version)
    more = [Problem.of(Kind.GROUPS_FULL, [grid]) for grid in found.moves.full_grids]
    problems = [*([] if stale is None else [stale]), *planned.problems, *more]
    return ground, replace(planned, problems=problems), found


def content_of(session: Session, changeset: Changeset) -> list[ProposedGrid]:
    """The state that a changeset proposes."""
    drafts = [DraftGrid.of(row) for row in queries.proposed_grids(session, changeset)]
    return [draft.proposed() for draft in drafts if draft.action != "retire"]


def write_content(session: Session, changeset: Changeset, content: Sequence[ProposedGrid]) -> None:
    """Replaces what a changeset proposes; what it leaves out of the current grids is kept as retired."""
    current = {grid.code: grid for grid in grids.list_grids(session, prefixes=changeset.villages)}
    named = with_refs(content)
    codes = {grid.code for grid in named}
    actions = [action_of(current.get(grid.code or ""), grid) for grid in named]
    retired = [as_proposed(grid) for code, grid in current.items() if code not in codes]
    rows = [
        _row(changeset, position, action, grid)
        for position, (action, grid) in enumerate(
            [*zip(actions, named, strict=True), *(("retire", grid) for grid in retired)], 1
        )
    ]
    queries.replace_proposed(session, changeset, rows)


def as_proposed(grid: GridRecord) -> ProposedGrid:
    """A grid as it is, proposed to stay so."""
    return ProposedGrid(
        village_code=grid.village_code,
        code=grid.code,
        name=grid.name,
        geometry=grid.geometry,
        name_bo=grid.name_bo,
        kind=grid.kind,
        note=grid.note,
        ref=grid.code,
    )


def get_locked(session: Session, caller: Caller, changeset_id: int) -> Changeset:
    """A changeset as it is now, and nobody else's to change until the transaction ends. Raises as `get_report`."""
    return _in_scope(caller, changeset_id, queries.lock_changeset(session, changeset_id))


def expect_status(changeset: Changeset, wanted: Sequence[str], done: Sentence) -> None:
    """Raises WrongStatus unless the changeset has one of the statuses."""
    if changeset.status not in wanted:
        raise WrongStatus(
            say(
                "wrong_status",
                "Changeset {id} is {status} and can't be {done}.",
                id=changeset.id,
                status=_STATUS.get(changeset.status, changeset.status),
                done=done,
            )
        )


def check_villages(caller: Caller, villages: Sequence[str]) -> None:
    """Raises Forbidden unless every village lies in the scope; for a fieldworker it may be the one about his grid."""
    for village in villages:
        if not village.startswith(village_scope(caller)):
            check_scope(caller, village)


def village_scope(caller: Caller) -> tuple[str, ...]:
    """The prefixes of the villages whose grids a caller may propose: a line has two sides."""
    return tuple(code[:12] for code in caller.within) if caller.role == "fieldworker" else caller.within


def subject(changeset_id: int) -> str:
    """What the audit calls a changeset."""
    return f"changeset:{changeset_id}"


def _get(session: Session, caller: Caller, changeset_id: int) -> Changeset:
    return _in_scope(caller, changeset_id, queries.find_changeset(session, changeset_id))


def _in_scope(caller: Caller, changeset_id: int, changeset: Changeset | None) -> Changeset:
    if changeset is None:
        raise NotFound(f"There is no changeset {changeset_id}.")
    check_villages(caller, changeset.villages)
    if caller.role == "fieldworker" and changeset.author != caller.name:
        raise Forbidden(f"Changeset {changeset_id} is {changeset.author}'s; a fieldworker sees the own ones.")
    return changeset


def with_refs(content: Sequence[ProposedGrid]) -> list[ProposedGrid]:
    """Every grid with a ref of its own: the given one, its code, or a number; a second of the same gets a number."""
    seen: Counter[str] = Counter()
    named = []
    for place, grid in enumerate(content, 1):
        ref = grid.ref or grid.code or f"new-{place}"
        seen[ref] += 1
        named.append(replace(grid, ref=ref if seen[ref] == 1 else f"{ref}~{seen[ref]}"))
    return named


def _row(changeset: Changeset, position: int, action: str, grid: ProposedGrid) -> dict[str, Any]:
    return {
        "county_code": changeset.county_code,
        "changeset_id": changeset.id,
        "position": position,
        "ref": grid.ref,
        "action": action,
        "village_code": grid.village_code,
        "code": grid.code,
        "name": grid.name,
        "name_bo": grid.name_bo,
        "kind": grid.kind,
        "note": grid.note,
        "geometry": from_shapely(as_multi(grid.geometry)),
    }
