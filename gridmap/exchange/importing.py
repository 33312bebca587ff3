"""An import from beginning to end: read, detect, load in one transaction, report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.addresses.service import load_gazetteer
from gridmap.db.locks import lock_imports
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.address_rows import AddressReader
from gridmap.exchange.cells import refuse_what_is_never_kept
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.columns import KINDS, map_columns, parse_map
from gridmap.exchange.ground import Ground
from gridmap.exchange.loaders.addresses import load_addresses
from gridmap.exchange.loaders.buildings import load_buildings
from gridmap.exchange.loaders.context import Context
from gridmap.exchange.loaders.divisions import load_divisions, load_outlines
from gridmap.exchange.loaders.grids import load_grids
from gridmap.exchange.loaders.groups import load_groups
from gridmap.exchange.loaders.households import load_households
from gridmap.exchange.loaders.layer import load_layer
from gridmap.exchange.loaders.names import load_names
from gridmap.exchange.loaders.officers import load_officers, load_posts
from gridmap.exchange.loaders.pairs import load_pairs
from gridmap.exchange.loaders.shelters import load_shelters
from gridmap.exchange.reading import load_tables
from gridmap.exchange.records import Detected, Record, Wanted, make_records, unread_records
from gridmap.exchange.repair import Noding
from gridmap.exchange.report import ImportReport, Loaded, in_file_order
from gridmap.exchange.table import Table
from gridmap.geo.arrays import Polygonal
from gridmap.sentences import Sentence, as_sentence, say

Loader = Callable[[Session, Sequence[Record], Context], Loaded]

_LOADERS: dict[str, tuple[Loader, str | None]] = {
    "divisions": (load_divisions, None),
    "outlines": (load_outlines, "polygon"),
    "grids": (load_grids, "polygon"),
    "groups": (load_groups, None),
    "addresses": (load_addresses, "point"),
    "buildings": (load_buildings, None),
    "shelters": (load_shelters, "point"),
    "households": (load_households, None),
    "officers": (load_officers, None),
    "pairs": (load_pairs, None),
    "posts": (load_posts, None),
    "names": (load_names, None),
    "layer": (load_layer, "any"),
}
PEOPLE = frozenset({"households", "officers", "pairs", "posts"})
"""Kinds that tell of persons: files with columns that no register keeps are refused."""
IMPORTABLE = tuple(_LOADERS)
_WORDED = frozenset({"addresses", "buildings"})
"""Kinds whose rows name places in words."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks for; everything but kind, file and actor may be left to detection."""

    kind: str
    path: Path
    actor: Actor
    crs: str | None = None
    encoding: str | None = None
    columns: tuple[str, ...] = ()
    """`COLUMN=field`, each."""
    layer: str | None = None
    """One layer or sheet of a file with several."""
    dry_run: bool = False
    name: str | None = None
    title: str | None = None
    public: bool = False
    allow_defects: bool = False
    noding: Noding | None = None
    """How far a repair of grids may go, and whether it is accepted."""


def import_file(
    session: Session, request: ImportRequest, *, progress: Callable[[str], None] = lambda _: None
) -> ImportReport:
    """Imports a file and tells the fate of every row; `progress` is told what is being done.

    The caller commits, or rolls back after a dry run, which does everything else. Raises InvalidInput when the file as
    a whole is refused; rows that are rejected raise nothing.
    """
    loader, geometry = _loader(request)
    kind = KINDS[request.kind]
    progress(f"reading {request.path.name}")
    tables = load_tables(request.path, encoding=request.encoding, layer=request.layer)
    if request.kind in PEOPLE:
        refuse_what_is_never_kept(tables)
    reader = AddressReader(load_gazetteer(session)) if request.kind in _WORDED else None
    wanted = Wanted(
        kind,
        geometry,
        parse_map(request.columns, kind),
        request.crs,
        mend=request.allow_defects,
        places=reader.village_of if reader and geometry else None,
    )
    understood, foreign = _understood(tables, wanted)
    codes = _codes(understood, wanted) if reader is None else reader.villages()
    lock_imports(session, _lock_names(request, codes))
    progress("finding out about columns and coordinates")
    ground = _ground(session, codes) if geometry else Ground()
    detected: list[Detected] = []
    records: list[Record] = []
    for table in understood:
        found, made = make_records(table, wanted, ground)
        detected.append(found)
        records += made
    if not records:
        raise InvalidInput(say("no_rows", "{name} has no rows.", name=request.path.name))
    progress(f"loading {len(records)} rows")
    context = Context(
        request.actor,
        request.path.name,
        request.name or "",
        request.title,
        public=request.public,
        allow_defects=request.allow_defects,
        dry_run=request.dry_run,
        noding=request.noding,
        reader=reader,
    )
    loaded = loader(session, records, context)
    for table, reason in foreign:
        found, made = unread_records(table, reason)
        detected.append(found)
        records += made
        for record in made:
            loaded.reject(record, None, say("table_not_understood", "its table lacks columns that are needed"))
    return _report(request, detected, loaded, records, ground)


def _loader(request: ImportRequest) -> tuple[Loader, str | None]:
    if request.kind not in _LOADERS:
        message = say(
            "kind_unknown", "{kind!r} can't be imported; {kinds} can", kind=request.kind, kinds=", ".join(IMPORTABLE)
        )
        raise InvalidInput(message, errors=[FieldError("kind", message)])
    if request.kind == "layer" and not (request.name and _is_name(request.name)):
        message = say("layer_name_form", "a layer needs a name of letters, digits, - and _, at most 40 of them")
        raise InvalidInput(say("name_wrong", "name: {message}", message=message), errors=[FieldError("name", message)])
    return _LOADERS[request.kind]


def _is_name(name: str) -> bool:
    return len(name) <= 40 and all(character.isalnum() or character in "-_" for character in name)


def _understood(tables: Sequence[Table], wanted: Wanted) -> tuple[list[Table], list[tuple[Table, Sentence]]]:
    """The tables that have the columns wanted, and those without, with the reason: a zip holds other things as well.

    Raises InvalidInput when none has them.
    """
    understood: list[Table] = []
    foreign: list[tuple[Table, InvalidInput]] = []
    for table in tables:
        try:
            map_columns(table, wanted.kind, wanted.columns)
        except InvalidInput as error:
            if any(each.code != "missing_column" for each in error.errors):
                raise
            foreign.append((table, error))
            continue
        understood.append(table)
    if not understood and foreign:
        raise foreign[0][1]
    return understood, [(table, as_sentence(error.detail)) for table, error in foreign]


def _codes(tables: Sequence[Table], wanted: Wanted) -> set[str]:
    """Every division, grid or group code that the file speaks of, as far as they can be read."""
    codes = set()
    for table in tables:
        mapped = map_columns(table, wanted.kind, wanted.columns).columns
        for column in (mapped[field] for field in ("code", "village") if field in mapped):
            codes |= set(_readable(table.column(column)))
    return codes


def _readable(values: Iterable[str | int | float | bool | None]) -> Iterable[str]:
    for value in values:
        try:
            text = code_text(value)
        except BadCode:
            continue
        if text and text.isascii() and text.isdigit() and 2 <= len(text) <= 17:
            yield text


def _lock_names(request: ImportRequest, codes: Iterable[str]) -> list[str]:
    """One importer at a time for each kind and county, and one for a layer of a name."""
    if request.kind == "layer":
        return [f"layer {request.name}"]
    if request.kind in {"shelters", *_WORDED, *PEOPLE}:
        # Their villages, and so their counties, may have to be told from their points, or words.
        return [request.kind]
    kind = "divisions" if request.kind == "outlines" else request.kind
    return [f"{kind} {county}" for county in {code[:6] for code in codes}]


def _ground(session: Session, codes: Iterable[str]) -> Ground:
    """The known outlines of the codes and of all above them; for a file without codes the topmost ones."""
    wanted = {code[:length] for code in codes for length in (2, 6, 9, 12) if len(code) >= length}
    known = {code: record.outline for code, record in divisions.by_codes(session, wanted).items()}
    areas: dict[str, Polygonal] = {
        code: shape for code, shape in known.items() if isinstance(shape, Polygon | MultiPolygon)
    }
    if not areas:
        top = divisions.top_outlines(session)
        areas = {code: shape for code, shape in top.items() if isinstance(shape, Polygon | MultiPolygon)}
    return Ground(areas)


def _report(
    request: ImportRequest, detected: Sequence[Detected], loaded: Loaded, records: Sequence[Record], ground: Ground
) -> ImportReport:
    if len(loaded.fates) != len(records):
        raise RuntimeError(f"{len(records)} rows came in and {len(loaded.fates)} have a fate")
    report = ImportReport(
        request.kind,
        request.path.name,
        request.dry_run,
        tuple(detected),
        tuple(in_file_order(loaded.fates)),
        tuple(loaded.table),
        tuple(loaded.problems),
        loaded.version,
        tuple(loaded.changesets),
        tuple(loaded.findings),
        tuple(loaded.repairs),
        tuple(records),
        ground,
        publishes=loaded.version is not None,
        drafts=bool(loaded.changesets),
    )
    return replace(report, version=None, changesets=()) if request.dry_run else report
