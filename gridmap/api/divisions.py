"""Routes of the division tree."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep, SessionDep
from gridmap.api.params import DivisionCodePath, PageDep, parse_includes
from gridmap.api.problems import coverage_out
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.db.versions import state_mark
from gridmap.divisions import service
from gridmap.divisions.schema import (
    DivisionChangeIn,
    DivisionChangeOut,
    DivisionChildren,
    DivisionCounts,
    DivisionDetail,
    DivisionList,
    DivisionOut,
    DivisionStep,
    MergeVillages,
    Recode,
    Rename,
    SplitVillage,
)
from gridmap.divisions.service import DivisionRecord, NamedDivision
from gridmap.divisions.writing import successors_of
from gridmap.editing import division_changes
from gridmap.editing.division_changes import DivisionChanged, Names
from gridmap.editing.schema import CoverageOut
from gridmap.errors import NotFound
from gridmap.grids.coverage import CoverageReport, check_within
from gridmap.maps.kept import Kept
from gridmap.snapshot.counts import Counts, count_within
from gridmap.snapshot.registry import Registry

router = APIRouter(prefix="/divisions", tags=["divisions"])

Level = Literal["province", "prefecture", "county", "township", "village"]
INCLUDES = ("outline",)
KEPT_REPORTS = 8

CoverageReports = Kept[tuple[str, datetime | None, str], CoverageReport]


def new_store() -> CoverageReports:
    """The store of coverage reports that an application keeps, by division, time and state."""
    return Kept(most=KEPT_REPORTS)


@router.get("")
def list_divisions(
    request: Request,
    reading: ReadingDep,
    scope: MapScopeDep,
    page: PageDep,
    level: Level | None = None,
    parent: str | None = None,
) -> DivisionList:
    """Divisions by code; those of a level or directly below a parent."""
    if reading.offline is None:
        listed: Callable[..., list[DivisionRecord]] = partial(service.list_divisions, reading.session, at=reading.at)
    else:
        listed = reading.offline.list_divisions
    found = listed(level=level, parent=parent, prefixes=scope.prefixes, cursor=page.cursor, limit=page.limit + 1)
    shown = found[: page.limit]
    last = shown[-1].code if len(found) > page.limit else None
    return DivisionList(
        version=reading.version, divisions=[DivisionOut.of(d) for d in shown], next=page.next_link(request, last)
    )


@router.get("/{code}")
def get_division(
    code: DivisionCodePath,
    reading: ReadingDep,
    scope: MapScopeDep,
    include: Annotated[str, Query(description="`outline` adds the outline as GeoJSON.")] = "",
) -> DivisionDetail:
    """A division with its chain, its counts and, with `include=outline`, its outline.

    A code that is no longer current answers as it last was, with its successors.
    """
    if reading.offline is not None:
        scope.require(code)
        return _offline(reading.offline, reading.version, code, parse_includes(include, INCLUDES))
    # Grants went along with new codes: an old one is told to whom its successors are.
    scope.require(code, *successors_of(reading.session, code))
    wanted = parse_includes(include, INCLUDES)
    record, then = _division(reading, code)
    chain = service.chain_above(reading.session, code, then)
    holds = record.valid_to is None
    return _detail(
        record,
        chain,
        count_within(reading.session, code, then),
        version=reading.version,
        status="current" if holds or reading.at else "retired",
        successors=[] if holds else successors_of(reading.session, code),
        wanted=wanted,
    )


def _offline(registry: Registry, version: int, code: str, wanted: frozenset[str]) -> DivisionDetail:
    """A division as the snapshot knows it: nothing is counted of addresses and people."""
    record, chain = registry.get_division(code), registry.chain_above(code)
    counts = registry.count_within(code)
    return _detail(record, chain, counts, version=version, status="current", successors=[], wanted=wanted)


def _detail(
    record: DivisionRecord,
    chain: Sequence[NamedDivision],
    counts: Counts,
    *,
    version: int,
    status: Literal["current", "retired"],
    successors: list[str],
    wanted: frozenset[str],
) -> DivisionDetail:
    return DivisionDetail(
        **DivisionOut.of(record).model_dump(),
        version=version,
        status=status,
        successors=successors,
        chain=[DivisionStep.model_validate(d) for d in chain],
        counts=DivisionCounts.model_validate(counts),
        bbox=None if record.outline is None else record.outline.bounds,
        outline=geojson.geometry(record.outline) if record.outline is not None and "outline" in wanted else None,
        outline_source=record.outline_source,
        seat=None if record.seat is None else geojson.position(record.seat),
        seat_source=record.seat_source,
        population=record.population,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


@router.post("/changes")
def change_divisions(asked: DivisionChangeIn, session: SessionDep, actor: ActorDep) -> DivisionChangeOut:
    """Renames, recodes, merges or splits divisions; grids, addresses and people take the new codes at once."""
    return DivisionChangeOut.model_validate(_carry_out(session, actor, asked))


@router.get("/{code}/children")
def list_children(code: DivisionCodePath, reading: ReadingDep, scope: MapScopeDep) -> DivisionChildren:
    """The divisions directly below one, by code."""
    scope.require(code)
    if reading.offline is None:
        children = service.list_children(reading.session, code, reading.at)
    else:
        children = reading.offline.list_children(code)
    return DivisionChildren(version=reading.version, code=code, children=[DivisionOut.of(d) for d in children])


@router.get("/{code}/coverage")
def get_coverage(
    request: Request,
    code: DivisionCodePath,
    reading: ReadingDep,
    scope: MapScopeDep,
    limit: Annotated[int, Query(ge=0, le=10_000, description="So many problems are told; all are counted.")] = 1000,
) -> CoverageOut:
    """Gaps, overlaps, slivers and everything else that keeps the grids of a division from tiling its villages."""
    scope.require(code)
    kept: CoverageReports = request.app.state.coverage_reports
    # A check of a prefecture takes seconds: it is made once for each state, however often the page is loaded.
    found = kept.get(
        (code, reading.at, state_mark(reading.session)), lambda: check_within(reading.session, code, reading.at)
    )
    return CoverageOut(
        version=reading.version,
        code=code,
        villages=found.villages,
        grids=found.grids,
        errors=found.errors,
        warnings=len(found.problems) - found.errors,
        problems=coverage_out(found.problems[:limit]),
    )


def _division(reading: Reading, code: str) -> tuple[DivisionRecord, datetime | None]:
    """The division as asked for, and the time at which what lies around it has to be looked up."""
    try:
        return service.get_division(reading.session, code, reading.at), reading.at
    except NotFound:
        if reading.at is not None:
            raise
    last = service.get_last_division(reading.session, code)
    return last, last.valid_from


def _carry_out(session: Session, actor: Actor, asked: DivisionChangeIn) -> DivisionChanged:
    change = asked.root
    names = Names(change.name, change.name_full, change.name_bo)
    match change:
        case Rename():
            return division_changes.rename(session, actor, change.code, names)
        case Recode():
            return division_changes.recode(session, actor, change.code, change.new_code, names)
        case MergeVillages():
            return division_changes.merge_villages(session, actor, change.codes, change.into, names)
        case SplitVillage():
            return division_changes.split_village(
                session, actor, change.code, new_code=change.new_code, moved=change.grids, names=names
            )
