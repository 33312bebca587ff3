"""What a plan is made from: the registers as arrays, a fingerprint of every record, and what changed since."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from gridmap.contacts.plans import queries
from gridmap.contacts.solve.problem import Households, Officers, Problem, earth_centred, tree_of
from gridmap.divisions import service as divisions
from gridmap.geo.arrays import BoolArray, IntArray

PERSONS_PER_FURTHER_OFFICER = 50
MOST_FURTHER_OFFICERS = 4
"""A collective household gets a further officer for every so many persons, and not more than so many."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The problem, the ids behind its numbers, today's pairs, and a fingerprint of each record."""

    problem: Problem
    households: list[str]
    officers: list[str]
    pairs: dict[tuple[str, int], str]
    marks: dict[str, int]
    dropped_rules: list[dict[str, str]]


def read_inputs(session: Session, within: str, today: date, *, from_scratch: bool) -> Inputs:
    """Reads everything that a plan for `within` depends on. Raises NotFound for an unknown division."""
    prefixes = divisions.prefixes_within(session, within)
    counties = tuple(sorted({prefix[:6] for prefix in prefixes}))
    above = [step.code for county in counties for step in divisions.chain_above(session, county)]
    homes = queries.households(session, prefixes)
    officers = queries.officers(session, counties, above, today)
    outside = queries.first_contacts_outside(session, prefixes, [row[0] for row in officers])
    standing = queries.pairs_within(session, prefixes)
    rules = [(rule.household_id, rule.officer_id, rule.kind) for rule in queries.rules(session, counties)]
    reader = _Reader(homes, officers, outside, standing, rules)
    return reader.inputs(from_scratch=from_scratch)


class _Reader:
    """Turns rows into arrays."""

    def __init__(
        self,
        homes: Sequence[Any],
        officers: Sequence[Any],
        outside: Mapping[str, int],
        standing: Sequence[Any],
        rules: Sequence[tuple[str, str, str]],
    ) -> None:
        self._homes, self._officers, self._outside = homes, officers, outside
        self._standing = standing
        self._household = {row[0]: at for at, row in enumerate(homes)}
        self._officer = {row[0]: at for at, row in enumerate(officers)}
        self._rules = [rule for rule in rules if rule[0] in self._household]
        self.villages = [row[4][:12] if row[4] else row[3] for row in homes]

    def inputs(self, *, from_scratch: bool) -> Inputs:
        tree = tree_of([*self.villages, *(row[1] for row in self._officers)])
        officers = self._officer_arrays(tree.index)
        node = np.array([tree.index[code] for code in self.villages], np.int64)
        forbidden = self._forbidden()
        banned = {(int(row), int(who)) for row, who in forbidden}
        first, second, told = self._today(banned)
        wanted, dropped = self._pinned(officers.capacity, banned)
        pinned = wanted >= 0
        now = tree.tiers_of(officers.home, first, node)
        holds = (first >= 0) & (told[:, 0] == now) & ~(pinned & (wanted != first))
        holds &= ~self._too_many(first, np.where(pinned, wanted, -1), now, officers.capacity)
        stays = holds & (not from_scratch)
        backup_holds = (second >= 0) & (told[:, 1] == tree.tiers_of(officers.home, second, node))
        households = Households(
            node=node,
            place=_places(self._homes, 5),
            first=np.where(pinned, wanted, first),
            second=second,
            fixed_first=stays | pinned,
            fixed_second=backup_holds & (not from_scratch) & (stays | (pinned & (wanted == first))),
            pinned=pinned,
            touched=~holds,
            extra=self._extra(),
        )
        problem = Problem(tree, officers, households, forbidden, self._beyond(banned, from_scratch=from_scratch))
        pairs = {(row[0], row[1]): row[2] for row in self._standing}
        return Inputs(problem, list(self._household), list(self._officer), pairs, self._marks(), dropped)

    def _officer_arrays(self, index: Mapping[str, int]) -> Officers:
        rows = self._officers
        units = {unit: at for at, unit in enumerate(sorted({row[3] for row in rows}))}
        # What he has outside counts already; inside, a plan may use the rest.
        capacity = [max(row[2] - self._outside.get(row[0], 0), 0) for row in rows]
        return Officers(
            home=np.array([index[row[1]] for row in rows], np.int64),
            capacity=np.array(capacity, np.int64),
            unit=np.array([units[row[3]] for row in rows], np.int64),
            place=_places(rows, 4),
        )

    def _forbidden(self) -> IntArray:
        rows = [
            (self._household[household], self._officer[officer])
            for household, officer, kind in self._rules
            if kind == "forbidden" and officer in self._officer
        ]
        return np.array(rows, np.int64).reshape(-1, 2)

    def _today(self, banned: set[tuple[int, int]]) -> tuple[IntArray, IntArray, IntArray]:
        """Today's first contacts and back-ups that can be used still, and the tiers that are written with them."""
        who = np.full((len(self._homes), 2), -1, np.int64)
        told = np.full((len(self._homes), 2), -1, np.int64)
        for household, rank, officer, tier in self._standing:
            row, at = self._household[household], self._officer.get(officer, -1)
            if rank <= 2 and at >= 0 and (row, at) not in banned:
                who[row, rank - 1], told[row, rank - 1] = at, tier
        return who[:, 0], who[:, 1], told

    def _beyond(self, banned: set[tuple[int, int]], *, from_scratch: bool) -> IntArray:
        """Today's pairs beyond the back-up of officers that can be used; none when all is solved again."""
        known = [(h, self._officer[o]) for h, rank, o, _ in self._standing if rank > 2 and o in self._officer]
        rows = [(self._household[household], officer) for household, officer in known if not from_scratch]
        return np.array([row for row in rows if row not in banned], np.int64).reshape(-1, 2)

    def _pinned(self, capacity: IntArray, banned: set[tuple[int, int]]) -> tuple[IntArray, list[dict[str, str]]]:
        """The officers asked for, as far as they can be used and have capacity; and the wishes that can't be met."""
        wanted = np.full(len(self._homes), -1, np.int64)
        left, dropped = capacity.copy(), []
        for household, officer, kind in self._rules:
            if kind != "pinned":
                continue
            at, row = self._officer.get(officer, -1), self._household[household]
            if at < 0 or left[at] <= 0 or (row, at) in banned:
                why = "officer_not_usable" if at < 0 else "no_capacity" if left[at] <= 0 else "forbidden"
                dropped.append({"household": household, "officer": officer, "why": why})
                continue
            left[at] -= 1
            wanted[row] = at
        return wanted, dropped

    def _too_many(self, first: IntArray, wanted: IntArray, tier: IntArray, capacity: IntArray) -> BoolArray:
        """First contacts beyond an officer's capacity: those of the worst tier and the highest id."""
        rows = np.flatnonzero((first >= 0) & (wanted < 0))
        left = capacity - np.bincount(wanted[wanted >= 0], minlength=len(capacity))
        order = rows[np.lexsort((rows, tier[rows], first[rows]))]
        _, starts, of = np.unique(first[order], return_index=True, return_inverse=True)
        nth = np.arange(len(order)) - (starts[of.ravel()] if len(order) else 0)
        over = np.zeros(len(first), np.bool_)
        over[order[nth >= left[first[order]]]] = True
        return over

    def _extra(self) -> IntArray:
        further = [
            min(row[2] // PERSONS_PER_FURTHER_OFFICER, MOST_FURTHER_OFFICERS) if row[1] == "collective" else 0
            for row in self._homes
        ]
        return np.array(further, np.int64)

    def _marks(self) -> dict[str, int]:
        """A fingerprint of each household with its pairs and rules, and of each officer."""
        pairs: dict[str, list[Any]] = {}
        for household, *rest in self._standing:
            pairs.setdefault(household, []).append(tuple(rest))
        for household, officer, kind in self._rules:
            pairs.setdefault(household, []).append((officer, kind))
        marks = {row[0]: _mark((*row, pairs.get(row[0]))) for row in self._homes}
        return marks | {row[0]: _mark((*row, self._outside.get(row[0], 0))) for row in self._officers}


def changed_since(then: bytes, now: Mapping[str, int]) -> dict[str, list[str]]:
    """The ids of records that are new, gone or other than they were: ``households``, ``officers``."""
    before = _unpacked(then)
    differing = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return {
        "households": [name for name in differing if name[0] == "H"],
        "officers": [name for name in differing if name[0] == "P"],
    }


def packed(marks: Mapping[str, int]) -> bytes:
    """Fingerprints as they are stored with a plan."""
    buffer = io.BytesIO()
    ids = np.array(sorted(marks), "S15")
    np.savez_compressed(buffer, ids=ids, marks=np.array([marks[name] for name in sorted(marks)], np.int64))
    return buffer.getvalue()


def _unpacked(stored: bytes) -> dict[str, int]:
    with np.load(io.BytesIO(stored)) as found:
        ids, marks = found["ids"].astype(str).tolist(), found["marks"].tolist()
    return dict(zip(ids, marks, strict=True))


def _mark(row: object) -> int:
    return int.from_bytes(blake2b(repr(row).encode(), digest_size=8).digest(), "big", signed=True)


def _places(rows: Sequence[Any], lon_at: int) -> Any:
    lonlat = np.array([(row[lon_at], row[lon_at + 1]) for row in rows], np.float64).reshape(-1, 2)
    return earth_centred(lonlat[:, 0], lonlat[:, 1])
