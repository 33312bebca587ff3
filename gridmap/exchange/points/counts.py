"""How many rows there were and what became of them: what must tie in the end."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from gridmap.snapshot.bulk import STATUSES, StatusArray


@dataclass(slots=True)
class Counts:
    """Rows by status."""

    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    def add(self, status: StatusArray) -> None:
        """Counts rows in.

        >>> counts = Counts()
        >>> counts.add(np.array([0, 0, 3], np.uint8))
        >>> counts.rows, counts.by_status["ok"], counts.by_status["invalid"]
        (3, 2, 1)
        """
        for name, number in zip(STATUSES, np.bincount(status, minlength=len(STATUSES)).tolist(), strict=True):
            self.by_status[name] += number

    def __str__(self) -> str:
        told = ", ".join(f"{number:,} {name}" for name, number in self.by_status.items() if number)
        return f"{self.rows:,} rows" + (f": {told}" if told else "")


class PointStream(Protocol):
    """What locates a table of points fed to it in pieces of any size."""

    counts: Counts

    @property
    def content_type(self) -> str:
        """What comes back; known with the first bytes of it."""

    def feed(self, data: bytes, *, last: bool = False) -> list[bytes | memoryview]:
        """What comes back for the rows that are whole by now; all of them with `last`.

        Raises InvalidInput, for whatever makes the whole table unusable as soon as that can be told.
        """
