"""Routes of the division tree."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from gridmap.api import geojson
from gridmap.api.deps import ReadingDep
from gridmap.api.params import DivisionCodePath, PageDep, parse_includes
from gridmap.api.scope import MapScopeDep
from gridmap.divisions import service
from gridmap.divisions.schema import (
    DivisionChildren,
    DivisionCounts,
    DivisionDetail,
    DivisionList,
    DivisionOut,
    DivisionStep,
)
from gridmap.snapshot.counts import count_within

router = APIRouter(prefix="/divisions", tags=["divisions"])

Level = Literal["province", "prefecture", "county", "township", "village"]
INCLUDES = ("outline",)


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
    found = service.list_divisions(
        reading.session,
        level=level,
        parent=parent,
        prefixes=scope.prefixes,
        at=reading.at,
        cursor=page.cursor,
        limit=page.limit + 1,
    )
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
    """A division with its chain, its counts and, with `include=outline`, its outline."""
    scope.require(code)
    wanted = parse_includes(include, INCLUDES)
    record = service.get_division(reading.session, code, reading.at)
    chain = service.chain_above(reading.session, code, reading.at)
    return DivisionDetail(
        **DivisionOut.of(record).model_dump(),
        version=reading.version,
        chain=[DivisionStep.model_validate(d) for d in chain],
        counts=DivisionCounts.model_validate(count_within(reading.session, code, reading.at)),
        bbox=None if record.outline is None else record.outline.bounds,
        outline=geojson.geometry(record.outline) if record.outline is not None and "outline" in wanted else None,
        outline_source=record.outline_source,
        seat=None if record.seat is None else geojson.position(record.seat),
        seat_source=record.seat_source,
        population=record.population,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


@router.get("/{code}/children")
def list_children(code: DivisionCodePath, reading: ReadingDep, scope: MapScopeDep) -> DivisionChildren:
    """The divisions directly below one, by code."""
    scope.require(code)
    children = service.list_children(reading.session, code, reading.at)
    return DivisionChildren(version=reading.version, code=code, children=[DivisionOut.of(d) for d in children])
