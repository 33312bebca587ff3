"""Upkeep of household groups: entered in a grid, renamed, led and filled, closed when nobody is left in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.contacts.charges import People, asked_people, people_of, put_people
from gridmap.contacts.service import ResponsibleOfficer, masked_heads, responsible_for
from gridmap.db.history import Revision, check_unchanged, keep_revisions, list_revisions, newest_revision
from gridmap.db.locks import lock_villages
from gridmap.db.versions import append_event, current_version, raise_version
from gridmap.divisions.scope import prefixes_asked
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.grids import history as grid_history
from gridmap.grids import service as grids
from gridmap.grids.numbering import take_group
from gridmap.grids.service import GroupState
from gridmap.grids.writing import replace_groups
from gridmap.households import keeping
from gridmap.households import service as households
from gridmap.sentences import NOTHING, as_sentence, say

LONGEST_NAME = 100


class GroupHasMembers(Conflict):
    """A group that has members can't be closed: they would be in none."""

    code = "group_has_members"


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A household group as it is told: who answers for it, masked, and how many households are in it.

    A retired one has neither, and `successors` are the groups that its members came into.
    """

    state: GroupState
    officers: list[ResponsibleOfficer]
    households: int | None
    successors: list[str]
    row_version: int


@dataclass(frozen=True, slots=True)
class GroupListed:
    """A group in a list, with its head, masked, and its number of households."""

    code: str
    name: str
    head: ResponsibleOfficer | None
    households: int


def list_groups(
    session: Session, actor: Actor, *, within: str | None, cursor: str | None, limit: int
) -> tuple[list[GroupListed], bool]:
    """A page of the groups in the caller's scope by code, and whether there are more. Audited."""
    prefixes = prefixes_asked(session, actor.caller, within)
    found = grids.list_groups(session, prefixes, cursor=cursor, limit=limit + 1)
    shown = found[:limit]
    codes = [group.code for group in shown]
    heads, counts = masked_heads(session, actor, codes), households.count_members(session, codes)
    audit.record(session, actor, "group.list", codes)
    listed = [GroupListed(g.code, g.name, heads.get(g.code), counts.get(g.code, 0)) for g in shown]
    return listed, len(found) > limit


def get_group(session: Session, actor: Actor, code: str, at: datetime | None = None) -> GroupRecord:
    """A group and who answers for it, audited. Raises Forbidden outside the scope, NotFound for one that never was.

    A retired code is told to whom its successors are. Persons are those of now: with a time there are none.
    """
    successors = [] if actor.caller.covers(code) else grid_history.group_successors(session, code)
    check_scope(actor.caller, code, *successors)
    state = grids.get_group(session, code, at)
    if state.status == "retired" or at is not None:
        audit.record(session, actor, "group.read", [code])
        heirs = grid_history.group_successors(session, code) if state.valid_to is not None else []
        return GroupRecord(state, [], None, heirs, newest_revision(session, code))
    return _record(session, actor, state)


def create_group(session: Session, actor: Actor, grid_code: str, given: Mapping[str, Any]) -> GroupRecord:
    """A new group under the next number of its grid. Raises InvalidInput by field, NumberingFull, Forbidden."""
    check_scope(actor.caller, grid_code)
    lock_villages(session, [grid_code[:12]])
    if not grids.get_holding(session, [grid_code]):
        _refuse("grid_code", say("no_such_grid_now", "there is no such grid now"))
    name = _name(given.get("name"))
    code = take_group(grid_code, grids.group_codes_ever_used(session, [grid_code]))
    people = asked_people(session, code, People(), given)
    version = raise_version(session, actor.caller.name, f"联防组 {code} {name}")
    replace_groups(session, version, [], {code: name})
    put_people(session, code, people)
    _fill(session, actor, code, given.get("members"))
    return _kept(session, actor, code, "create", version, 1)


def change_group(
    session: Session, actor: Actor, code: str, given: Mapping[str, Any], expected: int | None
) -> GroupRecord:
    """Changes name, head, deputies or members, each only where it is given; `members` are then all there are.

    Raises as `create_group`, RowChanged, Conflict for a closed group.
    """
    before, row_version = _locked(session, actor, code, expected)
    people = people_of(session, code)
    after, name = asked_people(session, code, people, given), _name(given.get("name", before.name))
    members = households.members_of(session, code)
    wanted = members if given.get("members") is None else list(dict.fromkeys(given["members"]))
    if (after, name, sorted(wanted)) == (people, before.name, members):
        return _record(session, actor, before)
    keep_known_group(session, code, row_version, group_columns(before, people, members))
    version = None
    if name != before.name:
        version = raise_version(session, actor.caller.name, f"联防组 {code} {name}")
        replace_groups(session, version, [code], {code: name})
    put_people(session, code, after)
    _fill(session, actor, code, given.get("members"))
    return _kept(session, actor, code, "change", version, row_version + 1)


def close_group(session: Session, actor: Actor, code: str, expected: int | None) -> GroupRecord:
    """Closes a group without members; nothing is erased. Raises GroupHasMembers, and as `change_group`."""
    before, row_version = _locked(session, actor, code, expected)
    members = households.members_of(session, code)
    if members:
        raise GroupHasMembers(
            say(
                "group_has_members",
                "Group {code} {name} has {count} households. Move them to another group of the grid first: PATCH the "
                "members of that group, or the group_code of each household.",
                code=code,
                name=before.name,
                count=len(members),
            )
        )
    keep_known_group(session, code, row_version, group_columns(before, people_of(session, code), []))
    version = raise_version(session, actor.caller.name, f"联防组 {code} {before.name} 停用")
    replace_groups(session, version, [code], {})
    put_people(session, code, People())
    return _kept(session, actor, code, "close", version, row_version + 1)


def get_history(session: Session, actor: Actor, code: str) -> list[Revision]:
    """What a group was after each write, the oldest first; persons by id. Audited. Raises as `get_group`."""
    record = get_group(session, actor, code)
    audit.record(session, actor, "group.history", [code])
    kept = list_revisions(session, code)
    if kept:
        return kept
    # Nobody wrote to it yet: what a load, an import or a changeset made of it.
    people, members = people_of(session, code), households.members_of(session, code)
    return [Revision(1, record.state.valid_from, "", "known", group_columns(record.state, people, members))]


def _record(session: Session, actor: Actor, state: GroupState) -> GroupRecord:
    officers = responsible_for(session, state.code)
    audit.record(session, actor, "group.read", [state.code, *(officer.id for officer in officers)])
    count = households.count_members(session, [state.code]).get(state.code, 0)
    return GroupRecord(state, officers, count, [], newest_revision(session, state.code))


def _locked(session: Session, actor: Actor, code: str, expected: int | None) -> tuple[GroupState, int]:
    """The group for writing, and its row version. What can't be seen can't be changed; nor what is closed."""
    check_scope(actor.caller, code)
    lock_villages(session, [code[:12]])
    grids.lock_group(session, code)
    state = grids.get_group(session, code)
    if state.status == "retired":
        heirs = grid_history.group_successors(session, code)
        told = say("group_members_in", " Its members are in {groups}.", groups=", ".join(heirs)) if heirs else NOTHING
        raise Conflict(
            say(
                "group_was_closed",
                "Group {code} was closed, and its code is not given again.{told}",
                code=code,
                told=told,
            )
        )
    row_version = newest_revision(session, code)
    check_unchanged(expected, row_version, f"Group {code}")
    return state, row_version


def _fill(session: Session, actor: Actor, code: str, wanted: Sequence[str] | None) -> None:
    """Makes these households, and no others, the members. Each must live in the group's grid. Raises InvalidInput."""
    if wanted is None:
        return
    now = set(households.members_of(session, code))
    for household_id in sorted(now.difference(wanted)):
        keeping.change_household(session, actor, household_id, {"group_code": None}, None)
    for place, household_id in enumerate(wanted):
        if household_id in now:
            continue
        try:
            keeping.change_household(session, actor, household_id, {"group_code": code}, None)
        except (InvalidInput, NotFound, Conflict) as error:
            why = as_sentence(error.errors[0].message if error.errors else error.detail)
            _refuse(f"members.{place}", say("of_field", "{field}: {message}", field=household_id, message=why))


def keep_known_group(session: Session, code: str, row_version: int, columns: Mapping[str, Any]) -> None:
    """Keeps what a group was before its first write that is kept."""
    if not list_revisions(session, code):
        keep_revisions(session, "", "known", [(code, row_version, columns)])


def _kept(session: Session, actor: Actor, code: str, action: str, version: int | None, row_version: int) -> GroupRecord:
    state = grids.get_group(session, code)
    people = people_of(session, code)
    columns = group_columns(state, people, households.members_of(session, code))
    keep_revisions(session, actor.caller.name, action, [(code, row_version, columns)])
    audit.record(session, actor, f"group.{action}", [code, *([people.head] if people.head else []), *people.deputies])
    payload = {"action": action, "codes": [code]}
    append_event(session, "groups", payload, county_code=code[:6], version=version or current_version(session))
    return get_group(session, actor, code)


def group_columns(state: GroupState, people: People, members: Sequence[str]) -> dict[str, Any]:
    """A group as its history keeps it."""
    return {
        "code": state.code,
        "name": state.name,
        "status": state.status,
        **people.columns(),
        "members": list(members),
    }


def _name(text: Any) -> str:
    name = " ".join(str(text or "").split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        _refuse("name", say("name_range", "a name of 1 to {most} printable characters is wanted", most=LONGEST_NAME))
    return name


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(f"{field}: {message}", errors=[FieldError(field, message)])
