"""What is known of divisions: the tree, the chain above a code, which of them cover a point."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import shapely
from geoalchemy2 import WKBElement
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.db.geometry import to_shapely
from gridmap.divisions import queries
from gridmap.divisions.model import LEVELS
from gridmap.divisions.queries import DivisionRow
from gridmap.errors import InvalidInput, NotFound
from gridmap.geo.lonlat import BBox
from gridmap.sentences import NOTHING, Sentence, say


@dataclass(frozen=True, slots=True)
class NamedDivision:
    """A division by its names: one step of the chain from the province down."""

    code: str
    level: str
    parent: str | None
    name: str
    name_full: str
    name_bo: str | None


@dataclass(frozen=True, slots=True)
class DivisionRecord(NamedDivision):
    """What was true of a division at the time asked for; geometries in EPSG:4490 degrees."""

    outline: BaseGeometry | None
    outline_source: str | None
    seat: BaseGeometry | None
    seat_source: str | None
    population: int | None
    valid_from: datetime
    valid_to: datetime | None


def get_division(session: Session, code: str, at: datetime | None = None) -> DivisionRecord:
    """One division. Raises NotFound."""
    row = queries.find_division(session, code, at)
    if row is None:
        raise NotFound(say("no_division_there", "There is no division {code}{then}.", code=code, then=_then(at)))
    return _record(row)


def get_last_division(session: Session, code: str) -> DivisionRecord:
    """What was last true of a division, whether it still is or not. Raises NotFound for a code that never was one."""
    row = queries.find_last_division(session, code)
    if row is None:
        raise NotFound(say("no_division_ever", "There never was a division {code}.", code=code))
    return _record(row)


def list_divisions(
    session: Session,
    *,
    level: str | None = None,
    parent: str | None = None,
    prefixes: Sequence[str] = ("",),
    at: datetime | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> list[DivisionRecord]:
    """Divisions by code, a page or all of them. Raises InvalidInput for a level that does not exist."""
    stmt = queries.within_prefixes(queries.select_divisions(at), prefixes)
    if level is not None:
        if level not in LEVELS:
            raise InvalidInput(f"level is one of {', '.join(LEVELS)}, not {level!r}.")
        stmt = queries.of_level(stmt, level)
    if parent is not None:
        stmt = queries.below_parent(stmt, parent)
    return [_record(row) for row in queries.list_divisions(session, queries.after_code(stmt, cursor, limit))]


@dataclass(frozen=True, slots=True)
class DivisionNames(NamedDivision):
    """What a division is called now, and what it was called before."""

    former: tuple[str, ...]


def list_names(session: Session) -> list[DivisionNames]:
    """The names of all divisions there are now, by code, without their geometry.

    Former ones are those of the codes that it had before, and of divisions that were merged into it: papers and people
    go on to say them.
    """
    rows = queries.names_at_all_times(session)
    heirs, held = queries.heirs(session), {row[0] for row in rows if row[-1] is None}
    former: dict[str, list[str]] = {}
    for code, _, _, name, name_full, _, valid_to in rows:
        if valid_to is not None:
            former.setdefault(_heir(code, heirs, held), []).extend((name, name_full))
    current = []
    for code, level, parent, name, name_full, name_bo, valid_to in rows:
        if valid_to is not None:
            continue
        old = tuple(dict.fromkeys(other for other in former.get(code, ()) if other not in {name, name_full}))
        current.append(DivisionNames(code, level, parent, name, name_full, name_bo, old))
    return current


def _heir(code: str, heirs: Mapping[str, str], held: Set[str]) -> str:
    """The division of now that stands for a code; the last one known when there is none."""
    seen = {code}
    while code not in held and heirs.get(code, code) not in seen:
        code = heirs[code]
        seen.add(code)
    return code


def list_divided(session: Session, held: Set[str]) -> dict[str, set[str]]:
    """For each village with ground of one that was divided, those that stand now for the ones it was divided from.

    `held` are the codes of the divisions of now.
    """
    heirs = queries.heirs(session)
    origins: dict[str, set[str]] = {}
    for pair in queries.splits(session):
        old, new = (_heir(code, heirs, held) for code in pair)
        origins.setdefault(new, set()).update({old} | origins.get(old, set()))
    found = {new: (olds & held) - {new} for new, olds in origins.items() if new in held}
    return {new: olds for new, olds in found.items() if olds}


class Chains:
    """The chain above every division there is now, from one reading of all names."""

    def __init__(self, session: Session) -> None:
        self._by_code = {row[0]: NamedDivision(*row) for row in queries.names_now(session)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def above(self, code: str) -> list[NamedDivision]:
        """A division with all above it, province first; empty for an unknown code."""
        chain: list[NamedDivision] = []
        step = self._by_code.get(code)
        while step is not None:
            chain.append(step)
            step = self._by_code.get(step.parent or "")
        return chain[::-1]


def changed_since(session: Session, version: int) -> set[str]:
    """The divisions that are not as they were in a version, those that are no more among them."""
    return set(queries.changed_since(session, version))


def list_below(session: Session, prefix: str) -> list[DivisionRecord]:
    """The divisions of now whose codes begin so, itself included, by code."""
    return [_record(row) for row in queries.divisions_below(session, prefix)]


def is_known(session: Session, code: str) -> bool:
    """Whether a code was ever given to a division."""
    return queries.exists(session, code)


def last_version_of(session: Session, codes: Sequence[str]) -> int:
    """The newest version in which one of some divisions changed; 0 when none ever was."""
    return queries.last_version_of(session, codes)


def by_codes(session: Session, codes: Iterable[str], at: datetime | None = None) -> dict[str, DivisionRecord]:
    """Those of the codes that are divisions, by code."""
    return {row[0].code: _record(row) for row in queries.list_by_codes(session, sorted(set(codes)), at)}


def top_outlines(session: Session) -> dict[str, BaseGeometry]:
    """The current outlines of the highest level that has any; empty in a new installation."""
    found = [_record(row) for row in queries.list_top_outlines(session)]
    return {record.code: record.outline for record in found if record.outline is not None}


def list_children(session: Session, code: str, at: datetime | None = None) -> list[DivisionRecord]:
    """The direct children of a division by code; empty for a village. Raises NotFound for an unknown parent."""
    get_division(session, code, at)
    return list_divisions(session, parent=code, at=at)


def chain_above(session: Session, code: str, at: datetime | None = None) -> list[NamedDivision]:
    """A division with all above it, province first; empty for an unknown code."""
    return [NamedDivision(*row) for row in queries.chain_above(session, code, at)]


def covering(session: Session, lon: float, lat: float, at: datetime | None = None) -> list[DivisionRecord]:
    """The divisions whose outline covers a point, province first; on a shared line the lowest code of each level."""
    point = shapely.Point(lon, lat)
    found = [_record(row) for row in queries.divisions_covering(session, lon, lat, at)]
    hits = sorted((d for d in found if d.outline is not None and d.outline.intersects(point)), key=lambda d: d.code)
    lowest = {d.level: d for d in reversed(hits)}
    return [lowest[level] for level in LEVELS if level in lowest]


def in_box(session: Session, bbox: BBox) -> list[DivisionRecord]:
    """The divisions of now whose outline meets a box, by code."""
    return [_record(row) for row in queries.in_box(session, (bbox.west, bbox.south, bbox.east, bbox.north))]


def prefixes_within(session: Session, code: str, at: datetime | None = None) -> tuple[str, ...]:
    """Code prefixes of everything inside a division; a prefecture's counties can't be told from its code alone.

    Raises NotFound for a division that does not exist; grid and group codes are their own prefix.
    """
    if len(code) > 12:
        return (code,)
    division = get_division(session, code, at)
    if LEVELS.index(division.level) >= LEVELS.index("county"):
        return (code,)
    return tuple(queries.six_digit_codes_within(session, code, at))


def count_by_level(session: Session, prefixes: Sequence[str], at: datetime | None = None) -> dict[str, int]:
    """How many divisions of each level lie within."""
    return queries.count_by_level(session, prefixes, at)


def _then(at: datetime | None) -> Sentence:
    return NOTHING if at is None else say("at_that_time", " at {time}", time=at.isoformat())


def _record(row: DivisionRow) -> DivisionRecord:
    version, level = row
    return DivisionRecord(
        code=version.code,
        level=level,
        parent=version.parent_code,
        name=version.name,
        name_full=version.name_full,
        name_bo=version.name_bo,
        outline=_geometry(version.outline),
        outline_source=version.outline_source,
        seat=_geometry(version.seat),
        seat_source=version.seat_source,
        population=version.population,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
    )


def _geometry(element: WKBElement | None) -> BaseGeometry | None:
    return None if element is None else to_shapely(element)
