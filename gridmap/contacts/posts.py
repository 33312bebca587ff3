"""Duty posts (设岗定责): what is to be done in a grid and who does it; a grid's vacant ones are told with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import check_scope
from gridmap.contacts import queries
from gridmap.contacts.model import DutyPost, Officer
from gridmap.contacts.queries import PostRow
from gridmap.db.history import Revision, check_unchanged, keep_known, keep_rows, list_states
from gridmap.db.ids import take_ids
from gridmap.db.versions import append_event
from gridmap.divisions.scope import prefixes_asked
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.grids import service as grids
from gridmap.sentences import Sentence, say

LONGEST_TASK = 200


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a post, masked."""

    id: str
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class PostRecord:
    """A post; without a holder it is vacant, and also while its holder has retired."""

    id: str
    grid_code: str
    task: str
    holder: Holder | None
    status: str
    row_version: int


@dataclass(frozen=True, slots=True)
class PostPage:
    """A page of posts by id, whether there are more, and how many of all that were asked for are vacant."""

    posts: list[PostRecord]
    more: bool
    vacant: int


def list_posts(
    session: Session,
    actor: Actor,
    *,
    within: str | None = None,
    vacant: bool | None = None,
    holder: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> PostPage:
    """Current posts in the caller's scope by id, audited. Raises Forbidden outside the scope, NotFound."""
    stmt = queries.posts_within(prefixes_asked(session, actor.caller, within))
    stmt = queries.posts_held_by(stmt, holder) if holder else stmt
    empty = queries.count_vacant(session, stmt)
    stmt = queries.posts_vacant(stmt, vacant=vacant) if vacant is not None else stmt
    rows = queries.list_posts(session, stmt, cursor, limit + 1)
    shown = [_record(row) for row in rows[:limit]]
    held = [post.holder.id for post in shown if post.holder]
    audit.record(session, actor, "post.list", [*(post.id for post in shown), *dict.fromkeys(held)])
    return PostPage(shown, len(rows) > limit, empty)


def get_post(session: Session, actor: Actor, post_id: str) -> PostRecord:
    """One post, audited. Raises NotFound, Forbidden outside the scope."""
    post = _found(session, actor, post_id)
    record = _record(queries.post_row(session, post.id))
    audit.record(session, actor, "post.read", [post_id, *([record.holder.id] if record.holder else [])])
    return record


def create_post(session: Session, actor: Actor, given: Mapping[str, Any]) -> PostRecord:
    """A new post in a grid. Raises InvalidInput by field, Conflict when the grid has one of this task, Forbidden."""
    check_scope(actor.caller, given["grid_code"])
    values = _clean(session, actor, given)
    if not grids.get_holding(session, [values["grid_code"]]):
        _refuse("grid_code", say("no_grid_here", "there is no such grid now"))
    county = values["grid_code"][:6]
    _check_free(session, values["grid_code"], values["task"])
    (post_id,) = take_ids(session, county, "D", 1)
    session.add(DutyPost(county_code=county, id=post_id, **values))
    return _keep(session, actor, "create", post_id)


def change_post(
    session: Session, actor: Actor, post_id: str, given: Mapping[str, Any], expected: int | None
) -> PostRecord:
    """Changes the task or the holder, None making it vacant. Raises as `create_post`, and RowChanged."""
    post = _locked(session, actor, post_id, expected)
    if post.status == "closed":
        raise Conflict(say("post_is_closed", "Post {id} is closed; enter a new one.", id=post_id))
    values = _clean(session, actor, given)
    if values.get("task", post.task) != post.task:
        _check_free(session, post.grid_code, values["task"])
    return _write(session, actor, post, values, "change")


def close_post(session: Session, actor: Actor, post_id: str, expected: int | None) -> PostRecord:
    """Closes a post; one that is closed already is left as it is."""
    return _write(session, actor, _locked(session, actor, post_id, expected), {"status": "closed"}, "close")


def get_history(session: Session, actor: Actor, post_id: str) -> list[Revision]:
    """What a post was after each write, the oldest first; its holders by id only. Audited."""
    _found(session, actor, post_id)
    states = list_states(session, DutyPost, post_id)
    holders = [state.row["holder_id"] for state in states if state.row["holder_id"]]
    audit.record(session, actor, "post.history", [post_id, *dict.fromkeys(holders)])
    return states


def vacate_of(session: Session, actor: Actor, officer_id: str) -> list[str]:
    """Makes the posts of an officer vacant, and says which those are."""
    held = queries.lock_posts_of(session, officer_id)
    for post in held:
        _write(session, actor, post, {"holder_county_code": None, "holder_id": None}, "change")
    return [post.id for post in held]


def _clean(session: Session, actor: Actor, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields as columns."""
    values = dict(given)
    if "task" in values:
        values["task"] = task_of(values["task"])
    if "holder_id" in values:
        holder = None if values["holder_id"] is None else _holder(session, actor, values["holder_id"])
        values["holder_county_code"] = holder.county_code if holder else None
    return values


def task_of(text: str | None) -> str:
    """A task in one line. Raises InvalidInput."""
    task = " ".join((text or "").split())
    if not task or len(task) > LONGEST_TASK or not task.isprintable() or task[0] in "=+-@":
        _refuse(
            "task",
            say(
                "task_form",
                "a task of 1 to {most} printable characters is wanted, not beginning with = + - @",
                most=LONGEST_TASK,
            ),
        )
    return task


def _holder(session: Session, actor: Actor, officer_id: str) -> Officer:
    """An officer in office who may hold a post: anybody in the scope or of its county; another county's is unknown."""
    officer = queries.find_officer(session, officer_id)
    if officer is None or officer.status != "current" or not actor.caller.narrow([officer_id[1:7]]):
        _refuse("holder_id", say("no_holder", "there is no such officer in office"))
    return officer


def _refuse(field: str, message: Sentence) -> NoReturn:
    raise InvalidInput(f"{field}: {message}", errors=[FieldError(field, message)])


def _check_free(session: Session, grid_code: str, task: str) -> None:
    if queries.find_post(session, grid_code, task) is not None:
        said = say("post_taken", "Grid {grid} has a post with this task already.", grid=grid_code)
        raise Conflict(said, errors=[FieldError("task", said, "taken")])


def _found(session: Session, actor: Actor, post_id: str) -> DutyPost:
    post = queries.get_post(session, post_id)
    check_scope(actor.caller, post_id[1:7] if post is None else post.grid_code)
    if post is None:
        raise NotFound(f"There is no post {post_id}.")
    return post


def _locked(session: Session, actor: Actor, post_id: str, expected: int | None) -> DutyPost:
    _found(session, actor, post_id)
    post = queries.lock_post(session, post_id)
    check_unchanged(expected, post.row_version, f"Post {post_id}")
    return post


def _write(session: Session, actor: Actor, post: DutyPost, values: Mapping[str, Any], action: str) -> PostRecord:
    changed = [name for name, value in values.items() if getattr(post, name) != value]
    if not changed:
        return get_post(session, actor, post.id)
    keep_known(session, DutyPost, [post.id])
    for name in changed:
        setattr(post, name, values[name])
    post.row_version += 1
    post.updated_at = queries.now()
    return _keep(session, actor, action, post.id)


def _keep(session: Session, actor: Actor, action: str, post_id: str) -> PostRecord:
    keep_rows(session, actor.caller.name, action, DutyPost, [post_id])
    record = _record(queries.post_row(session, post_id))
    audit.record(session, actor, f"post.{action}", [post_id, *([record.holder.id] if record.holder else [])])
    append_event(session, "posts", {"action": action, "ids": [post_id]}, county_code=post_id[1:7])
    return record


def _record(row: PostRow) -> PostRecord:
    post, officer = row
    holder = None
    if officer is not None and officer.status == "current":
        holder = Holder(officer.id, mask_name(officer.name), mask_phone(officer.phone))
    return PostRecord(post.id, post.grid_code, post.task, holder, post.status, post.row_version)
