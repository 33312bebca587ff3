"""Groups drawn anew for a grid: proposed with who moves from where, and accepted whole or not at all."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.contacts.charges import People, people_of, put_people
from gridmap.contacts.groups import group_columns, keep_known_group
from gridmap.contacts.regrouping import Limits, Member, keep_codes, regroup
from gridmap.contacts.service import ResponsibleOfficer, masked_heads
from gridmap.db.history import keep_revisions, newest_revision
from gridmap.db.locks import lock_villages
from gridmap.db.versions import append_event, current_version, raise_version
from gridmap.errors import Conflict, FieldError, InvalidInput, StaleBase
from gridmap.grids import service as grids
from gridmap.grids.numbering import take_group
from gridmap.grids.writing import GroupLink, replace_groups, write_group_lineage
from gridmap.households import keeping
from gridmap.households import service as households
from gridmap.households.service import Dwelling
from gridmap.sentences import Sentence, say
from gridmap.settings import Settings

MOST_DEPUTIES = 20
_TOLD = 5
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class ProposedGroup:
    """A group as it would be: who is in it, each with the group of today, and who leads it, masked."""

    code: str
    name: str
    is_new: bool
    head: ResponsibleOfficer | None
    members: Sequence[Dwelling]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the groups of a grid would be. `closed` are those of today, code and name, that nobody would be left in."""

    grid_code: str
    limits: Limits
    groups: Sequence[ProposedGroup]
    closed: Mapping[str, str]

    @property
    def moves(self) -> list[tuple[Dwelling, str]]:
        """The households whose group changes, each with the group it comes to, by id."""
        found = [(one, group.code) for group in self.groups for one in group.members if one.group_code != group.code]
        return sorted(found, key=lambda move: move[0].id)

    @property
    def out_of_limits(self) -> list[str]:
        """The proposed groups whose size the limits don't allow: there are too few households in the grid."""
        return [group.code for group in self.groups if not self.limits.hold(len(group.members))]

    def as_asked(self) -> "list[AskedGroup]":
        """The proposal as who accepts it unchanged sends it back."""
        return [
            AskedGroup(group.code, group.name, {one.id: one.group_code for one in group.members})
            for group in self.groups
        ]


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """A group that somebody accepts: its members by id, each with the group it was in when that was proposed."""

    code: str
    name: str
    members: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What accepting did: the dataset version that it is true from, and how many households moved."""

    version: int
    moved: int
    begun: Sequence[str]
    closed: Sequence[str]


def limits_of(settings: Settings) -> Limits:
    """How many households a group of an installation has."""
    return Limits(settings.group_smallest, settings.group_target, settings.group_largest)


def propose(session: Session, actor: Actor, grid_code: str, limits: Limits) -> Proposal:
    """Groups within the limits for the households of a grid, as near to today's as can be. Audited; writes nothing.

    Raises Forbidden outside the scope, NotFound, Conflict for a retired grid, NumberingFull.
    """
    _check_grid(session, actor, grid_code)
    dwellings = households.dwellings_in(session, grid_code)
    audit.record(session, actor, "group.propose", [grid_code, *(one.id for one in dwellings)])
    by_id = {one.id: one for one in dwellings}
    today = {one.id: _own(one, grid_code) for one in dwellings}
    parts = regroup(_members(dwellings, grid_code), limits)
    names = grids.groups_in(session, [grid_code])
    codes = _codes(grid_code, keep_codes(parts, today), grids.group_codes_ever_used(session, [grid_code]))
    heads = masked_heads(session, actor, sorted(names))
    closed = {code: names[code] for code in sorted({code for code in today.values() if code} - set(codes))}
    heirs = _heirs({one: code for code, part in zip(codes, parts, strict=True) for one in part}, today)
    groups = [
        ProposedGroup(
            code,
            names.get(code) or f"第{int(code[15:])}联防组",
            code not in names,
            _head_of(code, heads, [old for old in closed if heirs.get(old) == code]),
            [by_id[one] for one in part],
        )
        for code, part in zip(codes, parts, strict=True)
    ]
    return Proposal(grid_code, limits, sorted(groups, key=lambda group: group.code), closed)


def accept(session: Session, actor: Actor, grid_code: str, asked: Sequence[AskedGroup]) -> Regrouped:
    """Makes a proposal true, as it was given or with households put into others of its groups. Audited, with history.

    All households of the grid are named, each once, with the group they were in. Raises StaleBase that names what
    changed since, InvalidInput by field, and what `propose` raises.
    """
    _check_grid(session, actor, grid_code)
    lock_villages(session, [grid_code[:12]])
    names = grids.groups_in(session, [grid_code])
    today = {one.id: one.group_code for one in households.dwellings_in(session, grid_code, to_write=True)}
    wanted = _wanted(grid_code, asked)
    _check_fresh(grid_code, {one: code for group in asked for one, code in group.members.items()}, today)
    begun = _begun(session, grid_code, asked, names)
    moves = {one: code for one, code in wanted.items() if today[one] != code}
    filled = {code for code in today.values() if code in names}
    closed = sorted(filled - set(wanted.values()))
    if not moves:
        audit.record(session, actor, "group.propose", [grid_code])
        return Regrouped(current_version(session), 0, [], [])
    heirs = _heirs(wanted, today)
    # Members who live elsewhere follow the group they are in.
    moves |= {one: heirs[old] for old in closed for one in households.members_of(session, old) if one not in wanted}
    return _write(session, actor, _Change(grid_code, names, begun, closed, heirs, moves, today))


@dataclass(frozen=True, slots=True)
class _Change:
    grid_code: str
    names: Mapping[str, str]
    begun: Mapping[str, str]
    closed: Sequence[str]
    heirs: Mapping[str, str]
    moves: Mapping[str, str]
    today: Mapping[str, str | None]

    def touched(self) -> list[str]:
        """The groups of the grid that are not as they were, new ones too."""
        left = {code for one in self.moves if (code := self.today.get(one)) in self.names and code is not None}
        return sorted({*left, *self.moves.values(), *self.closed})

    def links(self) -> list[GroupLink]:
        """How many came from which group to which."""
        ways = Counter((old, new) for one, new in self.moves.items() if (old := self.today.get(one)) is not None)
        return [GroupLink(old, new, count) for (old, new), count in sorted(ways.items())]


def _write(session: Session, actor: Actor, change: _Change) -> Regrouped:
    row_versions = _keep_before(session, [code for code in change.touched() if code in change.names])
    version = raise_version(session, actor.caller.name, f"网格 {change.grid_code} 重新划分联防组")
    replace_groups(session, version, change.closed, dict(change.begun))
    write_group_lineage(session, version, change.links())
    keeping.assign_groups(session, actor, change.moves)
    for code in change.closed:
        _hand_over(session, code, change.heirs[code])
    for code in change.touched():
        action = "close" if code in change.closed else "change" if code in change.names else "create"
        _keep_after(session, actor, code, action, row_versions.get(code, 0) + 1)
    audit.record(session, actor, "group.regroup", [change.grid_code, *change.touched()])
    payload = {"action": "regroup", "codes": change.touched()}
    append_event(session, "groups", payload, county_code=change.grid_code[:6], version=version)
    return Regrouped(version, len(change.moves), sorted(change.begun), change.closed)


def _check_grid(session: Session, actor: Actor, grid_code: str) -> None:
    check_scope(actor.caller, grid_code)
    if not grids.get_holding(session, [grid_code]):
        grids.get_grid(session, grid_code)
        raise Conflict(
            say("grid_has_gone", "Grid {code} is retired: its households are in other grids now.", code=grid_code)
        )


def _members(dwellings: Sequence[Dwelling], grid_code: str) -> list[Member]:
    """On a plane in metres; a grid is far too small for it to bend."""
    squeeze = math.cos(math.radians(dwellings[0].lat)) if dwellings else 1.0
    return [
        Member(one.id, one.lon * _M_PER_DEGREE * squeeze, one.lat * _M_PER_DEGREE, _own(one, grid_code))
        for one in dwellings
    ]


def _own(one: Dwelling, grid_code: str) -> str | None:
    """The group that a household is in, if it is one of the grid it lives in."""
    return one.group_code if one.group_code is not None and one.group_code.startswith(grid_code) else None


def _codes(grid_code: str, kept: Sequence[str | None], used: Sequence[str]) -> list[str]:
    """A code for each group: the one it goes on with, or the next that the grid never had."""
    taken, codes = list(used), []
    for code in kept:
        codes.append(code or take_group(grid_code, taken))
        taken.append(codes[-1])
    return codes


def _heirs(wanted: Mapping[str, str], today: Mapping[str, str | None]) -> dict[str, str]:
    """For each group of today the one that most of its members are wanted in."""
    ways = Counter((old, new) for one, new in wanted.items() if (old := today.get(one)) is not None)
    heirs: dict[str, str] = {}
    for (old, new), _ in sorted(ways.items(), key=lambda way: (-way[1], way[0])):
        heirs.setdefault(old, new)
    return heirs


def _head_of(code: str, heads: Mapping[str, ResponsibleOfficer], closed: Sequence[str]) -> ResponsibleOfficer | None:
    return next((heads[each] for each in (code, *closed) if each in heads), None)


def _wanted(grid_code: str, asked: Sequence[AskedGroup]) -> dict[str, str]:
    """The group that each household is wanted in. Raises InvalidInput for one in two, and for a group without any."""
    wanted: dict[str, str] = {}
    for place, group in enumerate(asked):
        if not group.code.startswith(grid_code) or not group.members:
            _refuse(
                f"groups.{place}", say("group_not_empty", "a group of the grid with at least one household is wanted")
            )
        for one in group.members:
            if wanted.setdefault(one, group.code) != group.code:
                _refuse(f"groups.{place}", say("in_two_groups", "{id} is in two groups", id=one))
    if len({group.code for group in asked}) != len(asked):
        _refuse("groups", say("code_twice", "a code stands there twice"))
    return wanted


def _check_fresh(grid_code: str, given: Mapping[str, str | None], today: Mapping[str, str | None]) -> None:
    """Raises StaleBase unless exactly these households live in the grid, in the groups that they were said to be in."""
    came, left = _some(sorted(today.keys() - given)), _some(sorted(given.keys() - today))
    moved = _some(sorted(one for one in given.keys() & today if given[one] != today[one]))
    changes = [
        *([say("households_came", "{ids} came", ids=came)] if came else []),
        *([say("households_left", "{ids} left", ids=left)] if left else []),
        *([say("households_moved", "{ids} came to another group", ids=moved)] if moved else []),
    ]
    if changes:
        raise StaleBase(
            say(
                "households_changed",
                "The households of grid {grid} changed since: {changes}. Ask for a new proposal.",
                grid=grid_code,
                changes=Sentence.joined(changes),
            )
        )


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _TOLD} more" if len(ids) > _TOLD else ""
    return ", ".join(ids[:_TOLD]) + more


def _begun(session: Session, grid_code: str, asked: Sequence[AskedGroup], names: Mapping[str, str]) -> dict[str, str]:
    """Code and name of the groups that are new. Raises StaleBase for a number that was given meanwhile."""
    begun = {group.code: group.name.strip() for group in asked if group.code not in names}
    used = sorted(set(begun) & set(grids.group_codes_ever_used(session, [grid_code])))
    if used:
        raise StaleBase(
            say("group_number_given", "Group number {code} was given meanwhile. Ask for a new proposal.", code=used[0])
        )
    for place, group in enumerate(asked):
        if not group.name.strip() and group.code in begun:
            _refuse(f"groups.{place}.name", say("name_wanted", "a name is wanted"))
    return begun


def _keep_before(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """Keeps what groups were before, where that was never kept; their row versions."""
    versions = {code: newest_revision(session, code) for code in codes}
    for code, row_version in versions.items():
        state, members = grids.get_group(session, code), households.members_of(session, code)
        keep_known_group(session, code, row_version, group_columns(state, people_of(session, code), members))
    return versions


def _keep_after(session: Session, actor: Actor, code: str, action: str, row_version: int) -> None:
    state, members = grids.get_group(session, code), households.members_of(session, code)
    columns = group_columns(state, people_of(session, code), members)
    keep_revisions(session, actor.caller.name, action, [(code, row_version, columns)])


def _hand_over(session: Session, old: str, heir: str) -> None:
    """Nobody who led a group is lost: he leads the one that most of its members came to, or is deputy there."""
    gone, own = people_of(session, old), people_of(session, heir)
    head = own.head or gone.head
    people = [who for who in (*own.deputies, gone.head, *gone.deputies) if who is not None and who != head]
    put_people(session, old, People())
    put_people(session, heir, People(head, tuple(dict.fromkeys(people))[:MOST_DEPUTIES]))


def _refuse(field: str, message: str) -> None:
    raise InvalidInput(f"{field}: {message}", errors=[FieldError(field, message)])
