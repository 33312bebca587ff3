"""An index from the database: all of it, or the villages that changed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.addresses.gazetteer import Place
from gridmap.addresses.search import queries
from gridmap.addresses.search.table import build_doors, columns_of, joined
from gridmap.addresses.service import load_places


@dataclass(frozen=True, slots=True)
class Names:
    """The names an index knows besides those of its doors: divisions, other names of doors, and of hamlets."""

    places: tuple[Place, ...]
    doors: tuple[tuple[str, str], ...]
    hamlets: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {"places": self.places, "doors": self.doors, "hamlets": self.hamlets}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Names":
        """What `to_json` wrote."""
        places = tuple(Place(row[0], row[1], row[2], row[3], row[4], row[5], tuple(row[6])) for row in given["places"])
        doors = tuple((text, code) for text, code in given["doors"])
        return cls(places, doors, tuple((village, hamlet, text) for village, hamlet, text in given["hamlets"]))


def load_names(session: Session) -> Names:
    """All names as they are now."""
    other = queries.place_aliases(session)
    aliases: dict[str, list[str]] = {}
    for code, hamlet, text in other:
        if not hamlet:
            aliases.setdefault(code, []).append(text)
    places = tuple(
        place._replace(aliases=(*place.aliases, *aliases.get(place.code, ()))) for place in load_places(session)
    )
    hamlets = tuple((code, hamlet, text) for code, hamlet, text in other if hamlet)
    return Names(places, tuple(queries.door_aliases(session)), hamlets)


def load_doors(session: Session, villages: Collection[str] | None = None) -> pa.Table:
    """The current doors of some villages, or all, ready to be searched."""
    parts = [columns_of(batch) for batch in queries.current_doors(session, villages)]
    return build_doors(joined(parts) if parts else columns_of([]))
