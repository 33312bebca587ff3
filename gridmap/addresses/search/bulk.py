"""Many texts or points at once: the cells that an answer adds to a row, the same as a single answer tells."""

from collections.abc import Callable, Hashable
from typing import Literal

from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.inside import search_inside
from gridmap.addresses.search.ranking import SURE_SCORE
from gridmap.geo.lonlat import LonLat

Status = Literal["ok", "ambiguous", "partial", "not_found", "empty", "invalid"]
"""A door; several that fit as well; a place but no door; nothing; no text in the row; no point in the row, or a text
that is longer than is read."""
LONGEST_TEXT = 1000
"""What is longer is no address, alone or in a table."""
SEARCH_COLUMNS = (
    "result_id", "result_label", "result_score", "result_type", "result_match_level", "result_grid_code",
    "result_lon", "result_lat", "result_status",
)  # fmt: skip
REVERSE_COLUMNS = (
    "result_id", "result_label", "result_distance", "result_type", "result_match_level", "result_grid_code",
    "result_lon", "result_lat", "result_status",
)  # fmt: skip
_DEGREES = 7
_MOST_REMEMBERED = 5_000
_HALF = 0.5


class Remembered:
    """The cells of what a table asked before: a family, or all who live in one building, say the same.

    Other processes begin without any.
    """

    def __init__(self) -> None:
        self._index: AddressIndex | None = None
        self._cells: dict[Hashable, list[str]] = {}

    def __reduce__(self) -> tuple[type["Remembered"], tuple[()]]:
        return Remembered, ()

    def cells(self, index: AddressIndex, asked: Hashable, answer: Callable[[], list[str]]) -> list[str]:
        """What the index answered to the same before, else what it answers now."""
        if index is not self._index or len(self._cells) >= _MOST_REMEMBERED:
            self._index, self._cells = index, {}
        found = self._cells.get(asked)
        if found is None:
            found = self._cells[asked] = answer()
        return found


def find_one(index: AddressIndex, text: str, asking: Asking) -> tuple[Match | None, Status]:
    """The best answer to a text, as the single search gives it, and what became of the row."""
    if not text.strip():
        return None, "empty"
    if len(text) > LONGEST_TEXT:
        return None, "invalid"
    found = search_inside(index, text, asking)
    return (found[0], status_of(found[0])) if found else (None, "not_found")


def status_of(match: Match) -> Status:
    """What an answer means for whoever works through a list."""
    if match.level == "door":
        # Of two that answer to the same words neither is the one.
        return "ok" if match.score >= SURE_SCORE and match.parts.sure > _HALF else "ambiguous"
    return "partial" if match.row is None or match.parts.sure == 1 else "ambiguous"


def search_cells(index: AddressIndex, text: str, asking: Asking) -> list[str]:
    """What `SEARCH_COLUMNS` hold for a text."""
    match, status = find_one(index, text, asking)
    if match is None:
        return [*[""] * (len(SEARCH_COLUMNS) - 1), status]
    return [
        match.code, match.label, f"{match.score:.6f}", match.kind, match.level, match.grid or "",
        *degrees(match.point), status,
    ]  # fmt: skip


def reverse_cells(index: AddressIndex, point: LonLat | None, prefixes: tuple[str, ...]) -> list[str]:
    """What `REVERSE_COLUMNS` hold for a point; None for one that could not be read."""
    near = index.nearest(point, 1, prefixes) if point is not None else []
    if not near:
        return [*[""] * (len(REVERSE_COLUMNS) - 1), "invalid" if point is None else "not_found"]
    row = near[0].row
    spot = degrees(LonLat(row.lon, row.lat))
    return [row.code, row.label, f"{near[0].distance_m:.1f}", "housenumber", "door", row.grid or "", *spot, "ok"]


def degrees(point: LonLat | None) -> list[str]:
    """Lon and lat as cells."""
    return ["", ""] if point is None else [_plain(point.lon), _plain(point.lat)]


def _plain(value: float) -> str:
    return f"{round(value, _DEGREES):.7f}".rstrip("0").rstrip(".")
