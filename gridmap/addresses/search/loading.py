"""An index from the database: all of it, or the villages that changed."""

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.addresses.gazetteer import Place
from gridmap.addresses.search import queries
from gridmap.addresses.search.known_names import Names
from gridmap.addresses.search.table import build_doors, columns_of, joined
from gridmap.addresses.service import load_places
from gridmap.divisions.service import list_divided


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
    return Names(places, tuple(queries.door_aliases(session)), hamlets, tuple(_moved(session, places)))


def _moved(session: Session, places: Iterable[Place]) -> Iterator[tuple[str, str]]:
    """The doors that bear the name of a village that theirs was divided from: that village, and the door's code."""
    known = {place.code: place for place in places}
    origins = list_divided(session, known.keys())
    for village, code, label in queries.labels_in(session, origins):
        named = {other: _named_at(label, known[other]) for other in (village, *sorted(origins[village]))}
        # Of equals the first: its own.
        bearer = max(named, key=lambda other: named[other])
        if bearer != village:
            yield bearer, code


def _named_at(label: str, place: Place) -> tuple[int, int]:
    """Where in a label the last of a division's names ends, and how long it is: 上村 is not named by 南上村 too."""
    names = [name for name in (place.name, place.name_full, *place.aliases) if name]
    return max((label.rfind(name) + len(name), len(name)) if name in label else (0, 0) for name in names)


def load_doors(session: Session, villages: Collection[str] | None = None) -> pa.Table:
    """The current doors of some villages, or all, ready to be searched."""
    parts = [columns_of(batch) for batch in queries.current_doors(session, villages)]
    return build_doors(joined(parts) if parts else columns_of([]))
