"""What reading an address needs of the database: the names of divisions, past and present."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.divisions.service import DivisionNames, list_names


def load_gazetteer(session: Session, prefixes: Sequence[str] = ("",)) -> Gazetteer:
    """The divisions whose code begins with one of the prefixes, and those above them, by all their names."""
    whole = Gazetteer(load_places(session))
    return whole if "" in prefixes else whole.within(tuple(prefixes))


def load_places(session: Session) -> list[Place]:
    """All divisions there are now, by all their names."""
    return [_place(names) for names in list_names(session)]


def _place(names: DivisionNames) -> Place:
    """Labels have the full names of the upper divisions, but villages without the words for their committee."""
    written, other = names.name, names.name_full
    if names.level != "village":
        written, other = other, written
    return Place(names.code, names.level, written, names.parent, other, names.name_bo, names.former)
