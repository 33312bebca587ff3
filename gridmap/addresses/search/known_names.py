"""The names that an index knows besides those of its doors, and an index made with them; no database is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.table import Doors


@dataclass(frozen=True, slots=True)
class Names:
    """The names an index knows besides those of its doors: divisions, other names of doors, and of hamlets.

    `moved` are doors that bear the name of a village that theirs was divided from: that village, and the code.
    """

    places: tuple[Place, ...]
    doors: tuple[tuple[str, str], ...]
    hamlets: tuple[tuple[str, str, str], ...]
    moved: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {"places": self.places, "doors": self.doors, "hamlets": self.hamlets, "moved": self.moved}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Names":
        """What `to_json` wrote."""
        places = tuple(Place(row[0], row[1], row[2], row[3], row[4], row[5], tuple(row[6])) for row in given["places"])
        doors = tuple((text, code) for text, code in given["doors"])
        hamlets = tuple((village, hamlet, text) for village, hamlet, text in given["hamlets"])
        # A file of an earlier release has none.
        return cls(places, doors, hamlets, tuple((village, code) for village, code in given.get("moved", ())))


def make_index(
    names: Names, parts: Sequence[Doors], changed: frozenset[str], like: AddressIndex | None
) -> AddressIndex:
    """The index of a file and the villages that changed since; `like` is one that may have the same divisions."""
    gazetteer = like.gazetteer if like is not None else Gazetteer(names.places)
    emptied = changed - frozenset(parts[-1].ranges) if len(parts) > 1 else frozenset[str]()
    return AddressIndex(
        gazetteer, parts, aliases=names.doors, hamlets=names.hamlets, moved=names.moved, emptied=emptied,
        like=like,
    )  # fmt: skip
