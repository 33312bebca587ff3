"""What follows from new codes of divisions and grids: every record that names an old one names the new one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from gridmap.addresses import place_names
from gridmap.addresses.model import Address
from gridmap.contacts.model import Officer
from gridmap.db.history import keeping
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord, NamedDivision
from gridmap.editing import queries
from gridmap.grids import service as grids
from gridmap.grids.lineage import Kind, Link
from gridmap.grids.writing import (
    GridState,
    GroupLink,
    replace_grids,
    replace_groups,
    write_group_lineage,
    write_lineage,
)
from gridmap.households.model import Household
from gridmap.preplans.model import Shelter


def move_grids(session: Session, version: int, codes: Mapping[str, str], villages: Mapping[str, str]) -> dict[str, str]:
    """Gives grids and their groups new codes, shapes and names as they were; returns old and new codes of groups.

    `villages` are those whose code changes: a grid that goes with its village is renumbered, another transferred.
    """
    records = grids.get_holding(session, list(codes))
    states = [
        GridState(codes[grid.code], grid.name, grid.name_bo, grid.kind, grid.note, grid.geometry) for grid in records
    ]
    replace_grids(session, version, codes, states)
    links = [Link(old, new, version, _kind(old, new, villages), 1.0, 1.0) for old, new in codes.items()]
    write_lineage(session, links)
    names = grids.groups_in(session, list(codes))
    groups = {old: codes[old[:15]] + old[15:] for old in names}
    replace_groups(session, version, groups, {new: names[old] for old, new in groups.items()})
    members = Counter(queries.groups_of_households(session, list(groups)))
    write_group_lineage(session, version, [GroupLink(old, new, members[old]) for old, new in groups.items()])
    return groups


def _kind(old: str, new: str, villages: Mapping[str, str]) -> Kind:
    return "renumber" if villages.get(old[:12]) == new[:12] else "transfer"


def follow_codes(
    session: Session,
    actor: str,
    divided: Mapping[str, str],
    grid_codes: Mapping[str, str],
    group_codes: Mapping[str, str],
) -> dict[str, int]:
    """Puts new codes into addresses, households, officers, charges, shelters and other names; returns how many changed.

    `divided` are the divisions whose records all go to one other division. Every record keeps what it was.
    """
    doors = queries.addresses_of(session, divided, grid_codes)
    homes = queries.households_of(session, doors, group_codes)
    kept = (session, actor, "recode")
    with (
        keeping(*kept, Address, doors),
        keeping(*kept, Household, homes),
        keeping(*kept, Officer, queries.officers_of(session, divided)),
        keeping(*kept, Shelter, queries.shelters_of(session, divided)),
    ):
        queries.touch_households(session, homes)
        return {
            "addresses": queries.recode_addresses(session, divided, grid_codes),
            "households": queries.recode_households(session, group_codes),
            "officers": queries.recode_officers(session, divided),
            "charges": queries.recode_charges(session, {**grid_codes, **group_codes}),
            "shelters": queries.recode_shelters(session, divided),
            "names": place_names.follow_codes(session, divided),
        }


def label_leads(session: Session, changing: Iterable[DivisionRecord]) -> dict[str, str]:
    """How the labels of addresses begin, by village, in all villages within some divisions."""
    prefixes = {prefix for division in changing for prefix in divisions.prefixes_within(session, division.code)}
    villages = [
        d.code for prefix in sorted(prefixes) for d in divisions.list_below(session, prefix) if len(d.code) == 12
    ]
    return {village: _lead(divisions.chain_above(session, village)) for village in villages}


def rewrite_labels(
    session: Session, actor: str, leads: Mapping[str, str], recoded: Mapping[str, str]
) -> dict[str, int]:
    """Puts the names of now where labels begin with those of before; returns how many changed, and how many did not.

    A village that is no more, because it was merged, leaves its labels as they are: its doors are still called so,
    and `3组12号` may be there twice among those who merge.
    """
    changes = []
    for village, before in leads.items():
        code = recoded.get(village, village)
        chain = divisions.chain_above(session, code)
        if chain and _lead(chain) != before:
            changes.append((code, before, _lead(chain)))
    concerned = queries.addresses_of(session, [code for code, _, _ in changes], [])
    with keeping(session, actor, "rename", Address, concerned):
        changed = queries.replace_label_leads(session, changes)
    return {"labels": changed, "labels_kept": len(concerned) - changed}


def _lead(chain: Sequence[NamedDivision]) -> str:
    """The text that addresses of a village begin with: official names down to the township, then what people say."""
    return "".join(d.name if d.level == "village" else d.name_full for d in chain)
