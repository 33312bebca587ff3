"""Which of several answers is the best, and how sure that is."""

import math
from collections.abc import Sequence

from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.candidate import Candidate, far_m, point_of
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.score import Parts

SURE_SCORE = 0.5
"""A door that is not said word for word is claimed from here on."""
LEAST_SCORE = 0.35
"""What fits less is a guess, and is not told."""
_RIVALRY = 16
_EXACT = 0.98
_SURE_DOOR, _SURER_DOOR = 0.6, 0.65
"""A door is claimed only when it is so far ahead of the next, farther where its village's name is not as it is known:
by a twenty-fifth of its fit at least."""
_FAR_M = 20_000.0


def ranked(index: AddressIndex, found: Sequence[Candidate], asking: Asking) -> list[Candidate]:
    """The best first, each thing once, and none of them surer than its rivals let it be."""
    if len(found) == 1 and _is_said(found[0]):
        return [_nearer(index, found[0], asking)]
    best: dict[object, Candidate] = {}
    for candidate in found:
        key = candidate.door or (candidate.known.place.code, candidate.level, str(candidate.agreed))
        before = best.get(key)
        if before is None or _order(candidate) < _order(before):
            best[key] = candidate
    ordered = sorted((_nearer(index, candidate, asking) for candidate in best.values()), key=_order)
    told = [
        candidate for candidate in _weighed(ordered, larger=asking.autocomplete) if candidate.parts.fit >= LEAST_SCORE
    ]
    _below_their_doors(told)
    return sorted(told, key=_order)


def _order(candidate: Candidate) -> tuple[float, bool, bool, float, str, int]:
    door = candidate.door
    return (
        -round(candidate.parts.score, 6),
        candidate.neighbour,
        not candidate.bears,
        -len(candidate.known.place.code),
        candidate.known.place.code,
        -1 if door is None else door.row,
    )


def _weighed(ordered: list[Candidate], *, larger: bool) -> list[Candidate]:
    """With the share of each among those that fit nearly as well; a door that is not surely the one says less.

    `larger`: also what is larger than a village has a share, unless it fits best, as any of them may be being typed.
    """
    free = [c for c in ordered if not c.neighbour and c.parts.sure == 1.0]
    best = max((c.parts.fit for c in free if _is_small(c)), default=0.0) if larger else 0.0
    rivals = [c for c in free if _is_small(c) or c.parts.fit < best]
    weights = [c.parts.fit * c.parts.near for c in rivals]
    top = max(weights, default=0.0)
    if top <= 0:
        return ordered
    powers = [(weight / top) ** _RIVALRY for weight in weights]
    total = sum(powers)
    for candidate, power in zip(rivals, powers, strict=True):
        candidate.parts = candidate.parts._replace(sure=power / total)
    for candidate in rivals:
        if candidate.level == "door" and not _is_said(candidate) and not _is_claimed(candidate.parts):
            candidate.level = _common_level([c for c in rivals if c.parts.sure > 0.1] or [candidate])
    return ordered


def _is_small(candidate: Candidate) -> bool:
    """Whether it is a door, or lies in a village."""
    return candidate.door is not None or candidate.known.place.level == "village"


def _is_said(candidate: Candidate) -> bool:
    """Whether the text says this door, and not too much else."""
    return candidate.whole and candidate.parts.fit >= SURE_SCORE


def _is_claimed(parts: Parts) -> bool:
    """Whether a door that was found by likeness may be called the one that was meant."""
    return parts.fit >= SURE_SCORE and parts.sure >= (_SURE_DOOR if parts.village > _EXACT else _SURER_DOOR)


def _below_their_doors(told: Sequence[Candidate]) -> None:
    """A place that is told for want of the door is less than a door in it that is claimed."""
    doors = [candidate for candidate in told if candidate.level == "door"]
    for place in told:
        inside = [door for door in doors if place.known.place.code in door.known.codes]
        best = max((door.parts.score for door in inside), default=0.0)
        if place.door is None and place.parts.door < 1 and inside and place.parts.score >= best:
            place.parts = place.parts._replace(sure=place.parts.sure * 0.99 * best / place.parts.score)


def _common_level(rivals: Sequence[Candidate]) -> str:
    """The smallest division that rivals share."""
    shared = frozenset.intersection(*(candidate.known.codes for candidate in rivals))
    chain = [place for place in rivals[0].known.chain if place.code in shared]
    return chain[-1].level if chain else "province"


def _nearer(index: AddressIndex, candidate: Candidate, asking: Asking) -> Candidate:
    if asking.near is None:
        return candidate
    point = point_of(index, candidate)
    if point is not None:
        near = 0.9 + 0.1 * math.exp(-far_m(asking.near, point) / _FAR_M)
        candidate.parts = candidate.parts._replace(near=near)
    return candidate
