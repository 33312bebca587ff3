"""Who answers for grids and household groups when their codes change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gridmap.grids.lineage import Overlap


@dataclass(frozen=True, slots=True)
class Charge:
    """Somebody who answers for a grid or group (网格长, 联户长): `role` is head or deputy."""

    code: str
    officer_id: str
    role: str


def hand_over(charges: Sequence[Charge], sources: Mapping[str, Sequence[str]], ended: Iterable[str]) -> list[Charge]:
    """Who answers for grids and groups afterwards: all that were given, less those of ended codes, and the new ones.

    Nobody is lost and no new place is left without its people: those of its `sources`, the chief one first, answer
    for it. Where a head is there already, the others become deputies.
    """
    people: dict[str, list[Charge]] = {}
    for charge in charges:
        people.setdefault(charge.code, []).append(charge)
    gone = frozenset(ended)
    after = {code: list(found) for code, found in people.items() if code not in gone}
    for heir, olds in sources.items():
        own = after.setdefault(heir, [])
        for charge in (charge for old in olds for charge in people.get(old, ())):
            if all(other.officer_id != charge.officer_id for other in own):
                role = "deputy" if any(other.role == "head" for other in own) else charge.role
                own.append(Charge(heir, charge.officer_id, role))
    return [charge for code in sorted(after) for charge in after[code]]


def sources_by_area(
    steps: Iterable[Overlap], areas: Mapping[str, float], before: Iterable[str], after: Iterable[str]
) -> dict[str, list[str]]:
    """For each grid the old grids whose people it gets, the one that gives most ground first.

    A new grid gets those of its chief source; any grid gets those of retired ones that go mostly into it.
    """
    old, new = frozenset(before), frozenset(after)
    if not old:
        return {}
    given: dict[str, list[tuple[float, str]]] = {}
    chief: dict[str, tuple[float, str]] = {}
    for part in steps:
        given.setdefault(part.after, []).append((part.share * areas[part.before], part.before))
        if part.before not in new:
            chief[part.before] = max(chief.get(part.before, (0.0, "")), (part.share, part.after))
    found: dict[str, list[str]] = {}
    for heir, parts in given.items():
        ranked = [source for _, source in sorted(parts, key=lambda part: (-part[0], part[1]))]
        kept = ranked[:1] if heir not in old else []
        found[heir] = kept + [s for s in ranked if s not in kept and chief.get(s, (0.0, ""))[1] == heir]
    return {heir: sources for heir, sources in found.items() if sources}
