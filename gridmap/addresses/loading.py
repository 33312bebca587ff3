"""Many addresses at once, as files bring them: written by COPY, each with its history, in one dataset version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.addresses import queries
from gridmap.addresses.model import Address, lies_within
from gridmap.addresses.placing import grids_at
from gridmap.addresses.record import AddressRecord, records_of
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.db.base import SRID
from gridmap.db.copying import copy_rows
from gridmap.db.history import keep_known, keep_rows
from gridmap.db.ids import take_ids
from gridmap.db.locks import lock_villages

_COLUMNS = (
    "county_code", "code", "village_code", "label", *DOOR_SEGMENTS, "point", "point_source", "point_accuracy_m",
    "grid_code",
)  # fmt: skip


@dataclass(slots=True)
class AddressState:
    """What is true of an address; `code` is None for one that is not in the register yet.

    `aliases` (text → kind) are added to those it has.
    """

    code: str | None
    label: str
    segments: Segments
    point: shapely.Point
    point_source: str
    point_accuracy_m: float | None
    grid_code: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def village_code(self) -> str:
        """The village of its text."""
        return self.segments.village_code or ""


def known_by_code(session: Session, codes: Sequence[str]) -> dict[str, Address]:
    """Those of the codes that are addresses, whatever has become of them."""
    return {row.code: row for row in queries.by_codes(session, codes)}


def known_by_label(session: Session, counties: Sequence[str], labels: Sequence[str]) -> dict[str, Address]:
    """The current addresses that are called so."""
    return {row.label: row for row in queries.current_by_labels(session, counties, labels)}


def known_records(session: Session, counties: Sequence[str], labels: Sequence[str]) -> list[AddressRecord]:
    """The same, each with its whole chain."""
    return records_of(session, queries.current_by_labels(session, counties, labels)) if labels else []


def codes_of_foreign(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Our code of each code that another system gave an address."""
    return dict(queries.codes_by_alias(session, "code", codes))


def aliases_of(session: Session, codes: Sequence[str]) -> set[tuple[str, str]]:
    """The other names that addresses have: code and text."""
    return {(alias.address_code, alias.text) for alias in queries.aliases_of(session, codes)}


def place(session: Session, states: Sequence[AddressState]) -> None:
    """Gives each state the grid of its point, which no publisher changes until the transaction ends."""
    points = [state.point for state in states]
    first = [grid[:12] for grid in grids_at(session, points) if grid]
    lock_villages(session, {*first, *(state.village_code for state in states)})
    for state, grid in zip(states, grids_at(session, points), strict=True):
        state.grid_code = grid


def enter(session: Session, actor: str, states: Sequence[AddressState]) -> list[str]:
    """Enters new addresses and returns their codes in order; one that brings a code of our form keeps it.

    An address is of the county of its point, which its village's text may contradict.
    """
    _give_codes(session, states)
    copy_rows(session, "address", _COLUMNS, map(_row, states, _hex_points(states)))
    codes = [state.code or "" for state in states]
    queries.add_aliases(session, [(s.code or "", t, kind) for s in states for t, kind in s.aliases.items()])
    queries.forget_waiting(session, sorted({code[1:7] for code in codes}), [state.label for state in states])
    keep_rows(session, actor, "import", Address, codes)
    return codes


def correct(session: Session, actor: str, states: Sequence[AddressState], former: Mapping[str, str]) -> None:
    """Puts states in the place of what known addresses are; `former` are the labels of those that get another one."""
    codes = [state.code or "" for state in states]
    keep_known(session, Address, codes)
    queries.begin_corrections(session)
    copy_rows(session, queries.CORRECTIONS, _COLUMNS, map(_row, states, _hex_points(states)))
    queries.apply_corrections(session)
    old = [(code, label, "old") for code, label in former.items()]
    queries.add_aliases(session, [*old, *((s.code or "", t, kind) for s in states for t, kind in s.aliases.items())])
    queries.forget_accepted(session, codes)
    keep_rows(session, actor, "import", Address, codes)


def keep_waiting(
    session: Session, actor: str, file: str, rows: Sequence[tuple[int, str | None, Segments, str]]
) -> None:
    """Keeps rows without a point: number in the file, the code given there, segments, label."""
    queries.keep_waiting(
        session,
        [
            {
                "county_code": (segments.village_code or "")[:6],
                "village_code": segments.village_code,
                "label": label,
                "segments": {n: getattr(segments, n) for n in DOOR_SEGMENTS if getattr(segments, n)},
                "given_code": code,
                "file": file,
                "row": number,
                "actor": actor,
            }
            for number, code, segments, label in rows
        ],
    )


def _give_codes(session: Session, states: Sequence[AddressState]) -> None:
    by_county: dict[str, list[AddressState]] = {}
    for state in states:
        by_county.setdefault((state.grid_code or state.village_code)[:6], []).append(state)
    for county, theirs in sorted(by_county.items()):
        given = [int(state.code[7:]) for state in theirs if state.code is not None]
        if given:
            queries.raise_counter(session, county, max(given))
        new = [state for state in theirs if state.code is None]
        for state, code in zip(new, take_ids(session, county, "A", len(new)), strict=True):
            state.code = code


def _hex_points(states: Sequence[AddressState]) -> list[str]:
    points = shapely.set_srid(np.array([state.point for state in states], object), SRID)
    return list(shapely.to_wkb(points, hex=True, include_srid=True, byte_order=1).tolist())


def _row(state: AddressState, point: str) -> tuple[str | float | None, ...]:
    doors = [getattr(state.segments, name) for name in DOOR_SEGMENTS]
    code = state.code or ""
    return (
        *(code[1:7], code, state.village_code, state.label, *doors),
        *(point, state.point_source, state.point_accuracy_m, state.grid_code),
    )


def count_within(session: Session, prefixes: Sequence[str]) -> int:
    """How many current addresses lie within."""
    return queries.count(session, queries.select_addresses().where(lies_within(prefixes)))
