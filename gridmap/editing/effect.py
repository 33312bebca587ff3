"""What publishing does, in plain values: shown to author and reviewer, and kept with the published changeset."""

from collections.abc import Mapping, Sequence
from typing import Any

from gridmap.access.caller import Caller
from gridmap.editing.consequences import Consequences
from gridmap.editing.moves import Move, Moves
from gridmap.editing.plan import Plan
from gridmap.grids.lineage import Link

SHOWN = 1000
"""Of addresses and households that move, so many are listed; all are counted."""


def links_of(plan: Plan, moves: Moves, version: int) -> list[Link]:
    """The lineage that a plan writes, with the shares of households; a grid that has none has no shares."""
    shares = moves.share_households
    peopled = {before for before, _ in shares}
    return [
        Link(
            predecessor=part.before,
            successor=part.after,
            version=version,
            kind=kind,
            share_area=part.share,
            share_households=shares.get((part.before, part.after), 0.0) if part.before in peopled else None,
        )
        for part, kind in plan.steps
    ]


def effect_of(plan: Plan, found: Consequences) -> dict[str, Any]:
    """The lineage and everything that moves."""
    moves = found.moves
    return {
        "grids": {action: plan.with_action(action) for action in ("add", "change", "retire")},
        "lineage": [
            {
                "predecessor": link.predecessor,
                "successor": link.successor,
                "kind": link.kind,
                "share_area": round(link.share_area, 9),
                "share_households": link.share_households,
            }
            for link in links_of(plan, moves, 0)
        ],
        "addresses": _moved(moves.addresses),
        "households": _moved(moves.households),
        "groups": [
            {"from": move.before, "to": move.after, "name": move.name, "households": move.households}
            for move in moves.groups
        ],
        "closed_groups": list(moves.closed_groups),
        "group_sizes": dict(moves.group_sizes),
        "charges": [
            {"code": charge.code, "officer": charge.officer_id, "role": charge.role} for charge in found.new_charges
        ],
        "outlines": sorted(plan.outlines),
    }


def effect_for(caller: Caller, effect: Mapping[str, Any]) -> dict[str, Any]:
    """The effect as a caller may see it: to a fieldworker, whose scope is his grid, others' households are a number."""
    if caller.role != "fieldworker" or not effect:
        return dict(effect)
    households = effect["households"]
    seen = [
        item for item in households["items"] if caller.covers(item["from"] or "") or caller.covers(item["to"] or "")
    ]
    charges = [charge for charge in effect["charges"] if caller.covers(charge["code"])]
    return {**effect, "households": {**households, "items": seen}, "charges": charges}


def _moved(moves: Sequence[Move]) -> dict[str, Any]:
    items = [{"id": move.id, "from": move.before, "to": move.after} for move in moves[:SHOWN]]
    return {"count": len(moves), "items": items}
