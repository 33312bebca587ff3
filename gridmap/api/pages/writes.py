"""A record's write history as a card tells it: who wrote when, and which fields became what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmap.db.history import Revision

_UNTOLD = frozenset({"row_version", "updated_at", "county_code", "point"})


@dataclass(frozen=True, slots=True)
class Write:
    """One write: what changed, as field, before and after; the newest is told first."""

    at: datetime
    who: str
    action: str
    changed: Sequence[tuple[str, Any, Any]]


def writes_of(revisions: Sequence[Revision]) -> list[Write]:
    """The writes of a record from its kept states, the newest first."""
    before = [None, *revisions[:-1]]
    told = [
        Write(
            at=revision.at,
            who=revision.actor.partition(":")[2] or revision.actor,
            action=revision.action,
            changed=() if earlier is None else _changed(earlier.row, revision.row),
        )
        for earlier, revision in zip(before, revisions, strict=True)
    ]
    return told[::-1]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = [name for name in after if name not in _UNTOLD and before.get(name) != after[name]]
    return [(name, _short(before.get(name)), _short(after[name])) for name in names]


def _short(value: Any) -> Any:
    return len(value) if isinstance(value, list) and len(value) > 3 else value
