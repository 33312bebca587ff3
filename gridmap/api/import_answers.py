"""Imports as JSON: what was detected and why, what becomes of every row, and the shapes over the known outlines."""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.access.masking import mask_name, mask_phone
from gridmap.api import geojson
from gridmap.api.problems import problems_out
from gridmap.api.sentences import sentences_out
from gridmap.errors import InvalidInput
from gridmap.exchange.columns import KINDS
from gridmap.exchange.crs_detection import CrsDecision, Reading
from gridmap.exchange.records import CrsUse, Detected, Record
from gridmap.exchange.repair import Repair
from gridmap.exchange.report import Fate, ImportReport
from gridmap.exchange.schema import (
    CandidateOut,
    ChangeLine,
    ColumnOut,
    CrsOut,
    EffectOut,
    FateOut,
    FieldOut,
    ImportedFeature,
    ImportedProperties,
    ImportShapes,
    PreviewOut,
    RefusalOut,
    RefusalTold,
    RepairOut,
    SentenceOut,
    TableOut,
)
from gridmap.exchange.staging import Preview
from gridmap.exchange.table import Table, Value
from gridmap.sentences import sentences_in

SAMPLE_ROWS = 20
_ROWS, _PROBLEMS, _EFFECTS = 500, 500, 500
_FEATURES, _OUTLINES, _VERTICES = 4000, 1000, 200_000
_CELL_CHARACTERS = 200
# About 10 m: finer than a pixel at the scale at which a whole county is looked at.
_DRAWN_DEG = 1e-4
_TEXT_IS = "text is "
_PERSONAL: dict[str, frozenset[str]] = {
    "groups": frozenset({"head_name", "head_phone"}),
    "households": frozenset({"head_name", "head_phone"}),
    "officers": frozenset({"name", "phone"}),
    "pairs": frozenset(),
    "posts": frozenset({"holder_name", "holder_phone"}),
}
"""The kinds that tell of persons, and the fields that are theirs; so may be any column that has no field."""
NO_SHAPES = ImportShapes(
    features=[], outlines={"type": "FeatureCollection", "features": []}, omitted=0, simplified=False
)
"""The map of a file that is refused."""


def fields_of(kind: str) -> list[FieldOut]:
    """The fields that columns may be mapped to."""
    known = KINDS[kind]
    return [FieldOut(name=name, required=name in known.required, headings=list(w)) for name, w in known.fields.items()]


def tables_of(report: ImportReport) -> list[TableOut]:
    """What was made of each table."""
    return [_detected(report.kind, found, report.records) for found in report.detected]


def raw_tables(kind: str, tables: Sequence[Table]) -> list[TableOut]:
    """The tables of a file that was refused: their columns and first rows, with nothing decided."""
    return [
        TableOut(
            name=table.name,
            rows=len(table.rows),
            encoding=_encoding(table.notes),
            columns=[ColumnOut(column=column, field=None, reason=None) for column in table.columns],
            crs=[],
            notes=list(table.notes),
            sample=[[_shown(kind, None, value) for value in row.values] for row in table.rows[:SAMPLE_ROWS]],
        )
        for table in tables
    ]


def preview_of(report: ImportReport, version: int) -> PreviewOut:
    """What the import does."""
    fates = sorted(report.fates, key=lambda fate: fate.status != "rejected")
    return PreviewOut(
        version=version,
        counts=dict(report.counts().items()),
        changes=[ChangeLine.model_validate(line) for line in report.table],
        rows=[FateOut.model_validate(fate) for fate in fates[:_ROWS]],
        notes=list(report.problems),
        problem_count=len(report.findings),
        problems=problems_out(report.findings[:_PROBLEMS]),
        repairs=[_repair(repair) for repair in report.repairs],
        publishes=report.publishes,
        drafts=report.drafts,
    )


def refusal_of(refusal: InvalidInput) -> RefusalTold:
    """Why the file is refused."""
    errors = [{"where": error.where, "message": error.message, "code": error.code} for error in refusal.errors]
    return RefusalTold(detail=refusal.detail, code=refusal.code, errors=errors)


def sentences_of(seen: Preview) -> dict[str, list[SentenceOut]]:
    """The codes of everything that is said of a file."""
    if seen.report is not None:
        return report_sentences(seen.report)
    refused = [] if seen.refusal is None else [seen.refusal.detail, *(e.message for e in seen.refusal.errors)]
    return sentences_out(sentences_in([refused, [table.notes for table in seen.tables]]))


def report_sentences(report: ImportReport) -> dict[str, list[SentenceOut]]:
    """The codes of everything that a report says."""
    readings = [
        reading.said
        for found in report.detected
        for use in found.crs
        for reading in (use.decision.reading, *(c.reading for c in use.decision.candidates))
    ]
    told = [report.fates, report.detected, report.table, report.problems, readings]
    return sentences_out(sentences_in(told))


def shapes_of(report: ImportReport) -> ImportShapes:
    """The result over the known outlines, light enough to be drawn at once."""
    fates = {(fate.table, fate.row): fate for fate in report.fates}
    drawn = [record for record in report.records if record.geometry is not None]
    shown = drawn[:_FEATURES]
    heavy = sum(shapely.count_coordinates(record.geometry) for record in shown) > _VERTICES
    return ImportShapes(
        features=[_feature(record, fates[record.table, record.row], simplify=heavy) for record in shown],
        outlines=_outlines(report.ground.outlines),
        omitted=len(drawn) - len(shown),
        simplified=heavy,
    )


def _detected(kind: str, found: Detected, records: Sequence[Record]) -> TableOut:
    rows = [record for record in records if record.table == found.table][:SAMPLE_ROWS]
    fields = {column: field for field, column in found.columns.columns.items()}
    names = list(rows[0].properties) if rows else [*fields, *found.unused]
    return TableOut(
        name=found.table,
        rows=found.rows,
        encoding=_encoding(found.notes),
        columns=[
            ColumnOut(column=name, field=fields.get(name), reason=found.columns.reasons.get(fields.get(name, "")))
            for name in names
        ],
        crs=[_crs(use) for use in found.crs],
        notes=list(found.notes),
        sample=[[_shown(kind, fields.get(name), value) for name, value in row.properties.items()] for row in rows],
    )


def _crs(use: CrsUse) -> CrsOut:
    decision: CrsDecision = use.decision
    return CrsOut(
        rows=use.rows,
        crs=_option(decision.reading),
        label=decision.reading.said,
        reasons=list(decision.reasons),
        candidates=[
            CandidateOut(crs=_option(c.reading), label=c.reading.said, reason=c.reason, misfit=c.misfit)
            for c in decision.candidates
        ],
        warnings=list(decision.warnings),
    )


def _option(reading: Reading) -> str:
    """What to ask for as `crs` to have the numbers read so."""
    return "dms" if reading.packed else reading.crs.name


def _repair(repair: Repair) -> RepairOut:
    return RepairOut(
        villages=list(repair.villages),
        tolerance_m=repair.tolerance_m,
        accepted=repair.accepted,
        tiles=repair.tiles,
        before=len(repair.before),
        left_count=len(repair.left),
        left=problems_out(repair.left[:_PROBLEMS]),
        effects=[EffectOut.model_validate(effect) for effect in repair.effects[:_EFFECTS]],
        refused=[RefusalOut.model_validate(refused) for refused in repair.refused],
        beyond=list(repair.beyond),
    )


def _feature(record: Record, fate: Fate, *, simplify: bool) -> ImportedFeature:
    shape = record.geometry
    if shape is None:
        raise TypeError("only rows with a shape are drawn")
    told = ImportedProperties(
        row=record.row, code=fate.code, name=record.text("name"), status=fate.status, reason=fate.reason
    )
    identity = f"{record.table}:{record.row}"
    return ImportedFeature(id=identity, geometry=geojson.geometry(_drawn(shape, simplify=simplify)), properties=told)


def _outlines(known: Mapping[str, BaseGeometry]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "id": code,
            "geometry": geojson.geometry(_drawn(outline, simplify=True)),
            "properties": {"code": code},
        }
        for code, outline in sorted(known.items())[:_OUTLINES]
    ]
    return {"type": "FeatureCollection", "features": features}


def _drawn(shape: BaseGeometry, *, simplify: bool) -> BaseGeometry:
    return shapely.simplify(shape, _DRAWN_DEG, preserve_topology=True) if simplify else shape


def _encoding(notes: Sequence[str]) -> str | None:
    return next((note.removeprefix(_TEXT_IS) for note in notes if note.startswith(_TEXT_IS)), None)


def _shown(kind: str, field: str | None, value: Value) -> Value:
    """A cell as a preview shows it: where persons are told of, masked, unless its field holds nothing of theirs."""
    if kind in _PERSONAL and value is not None and (field is None or field in _PERSONAL[kind]):
        text = str(value)
        return mask_phone(text) if any(character.isdecimal() for character in text) else mask_name(text)
    return _cell(value)


def _cell(value: Value) -> Value:
    return value[:_CELL_CHARACTERS] if isinstance(value, str) else value
