"""An index from the database: all of it, or the villages that changed."""

from collections.abc import Collection

import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.addresses.search import queries
from gridmap.addresses.search.known_names import Names
from gridmap.addresses.search.table import build_doors, columns_of, joined
from gridmap.addresses.service import load_places


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
