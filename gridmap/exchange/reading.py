"""Whatever a clerk is handed, read into tables; which format it is, its bytes say."""

from dataclasses import replace
from pathlib import Path

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange import ogr
from gridmap.exchange.archive import check_size, unpacked
from gridmap.exchange.encoding import Encoding, asked_encoding
from gridmap.exchange.geoparquet import load_parquet
from gridmap.exchange.shapefile import load_shapefile
from gridmap.exchange.sheets import load_csv, load_excel
from gridmap.exchange.table import Table
from gridmap.sentences import say

READABLE = "Shapefile (zip), GeoPackage, GeoJSON, KML, FlatGeobuf, File Geodatabase, Parquet, Excel, CSV"
_TEXT = {".csv", ".txt", ".tsv"}
_EXCEL = {".xlsx", ".xlsm", ".xls"}
_ARCHIVES = {".zip", ".kmz"}
_TABLES = {
    ".shp",
    ".gpkg",
    ".geojson",
    ".json",
    ".kml",
    ".fgb",
    ".gdb",
    ".parquet",
    ".csv",
    ".tsv",
    *_EXCEL,
    *_ARCHIVES,
}
_SIDE_FILES = {".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".fix", ".xml", ".qpj", ".qmd"}
_OLE = b"\xd0\xcf\x11\xe0"


def load_tables(path: Path, *, encoding: str | None = None, layer: str | None = None) -> list[Table]:
    """Every layer or sheet of a file, or of all files in an archive, in the order of their names.

    `layer` chooses one of several. Raises InvalidInput that names the file and what is wrong with it.
    """
    check_size(path)
    asked = asked_encoding(encoding) if encoding else None
    tables = _load(path, path.name, asked)
    if layer is None:
        return _shown(tables)
    chosen = [table for table in tables if table.name == layer or table.name.endswith(f":{layer}")]
    if not chosen and not (len(tables) == 1 and tables[0].name == layer):
        message = say(
            "no_layer",
            "{name} has no layer {layer!r}; there are {there}",
            name=path.name,
            layer=layer,
            there=", ".join(table.name for table in tables),
        )
        raise InvalidInput(message, errors=[FieldError("layer", message)])
    return chosen


def _shown(tables: list[Table]) -> list[Table]:
    """Without hidden sheets, which whoever made the file does not see; which they are is noted beside the first."""
    shown = [table for table in tables if not table.hidden]
    hidden = [table.name for table in tables if table.hidden]
    if not shown or not hidden:
        return tables
    note = say(
        "sheets_hidden", "not read, since they are hidden: {sheets}; choose one to read it", sheets=", ".join(hidden)
    )
    return [replace(shown[0], notes=(*shown[0].notes, note)), *shown[1:]]


def _load(path: Path, name: str, asked: Encoding | None, *, inside: bool = False) -> list[Table]:
    suffix = path.suffix.lower()
    form = ogr.format_of(path)
    if form is not None:
        return ogr.load_layers(path, name, form, asked)
    if path.is_dir():
        raise InvalidInput(say("folder_no_gdb", "{name} is a folder and no File Geodatabase.", name=name))
    if suffix == ".shp":
        return [load_shapefile(path, name, asked)]
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_OLE) or (head.startswith(b"PK") and suffix in _EXCEL):
        return load_excel(path, name)
    if head.startswith(b"PK"):
        if inside:
            # Limits would multiply.
            raise InvalidInput(
                say("archive_in_archive", "{name} is an archive in an archive; unpack it first.", name=name)
            )
        return _load_archive(path, name, asked)
    if head.startswith(b"PAR1"):
        return [load_parquet(path, name)]
    if suffix in _EXCEL and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise InvalidInput(
            say(
                "excel_is_page",
                "{name} is a web page and no workbook; open it in Excel and save it as .xlsx.",
                name=name,
            )
        )
    if suffix in _TEXT or suffix in _EXCEL:
        # What other systems call an .xls is often text.
        return [load_csv(path, name, asked)]
    raise InvalidInput(
        say("format_unknown", "{name} is in no format that is read here: {formats}.", name=name, formats=READABLE)
    )


def _load_archive(path: Path, name: str, asked: Encoding | None) -> list[Table]:
    with unpacked(path) as folder:
        members, others = _members(folder)
        if not members:
            raise InvalidInput(
                say(
                    "archive_nothing", "{name} holds nothing that is read here: {formats}.", name=name, formats=READABLE
                )
            )
        tables: list[Table] = []
        for member in members:
            tables += _load(member, f"{name}:{member.relative_to(folder).as_posix()}", asked, inside=True)
    if others:
        left = say(
            "others_not_read",
            "not read, since they hold no table: {others}",
            others=", ".join(other.name for other in others),
        )
        tables[0] = replace(tables[0], notes=(*tables[0].notes, left))
    return tables


def _members(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files to read, by name, and those to leave; a shapefile's companions belong to it and are neither."""
    chosen: list[Path] = []
    others: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.suffix.lower() != ".gdb":
            below = _members(path)
            chosen += below[0]
            others += below[1]
        elif path.suffix.lower() in _TABLES:
            chosen.append(path)
        elif path.suffix.lower() not in _SIDE_FILES and not path.name.startswith("."):
            others.append(path)
    return chosen, others
