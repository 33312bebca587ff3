"""The route that everything else stands on: which grid a point lies in."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from gridmap.access.audit import Actor
from gridmap.access.rights import SEE_PERSONS, Right, check, check_scope
from gridmap.api import geojson
from gridmap.api.locating import Locating, LocatingDep
from gridmap.api.params import PointDep, parse_includes
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import PRIVATE, ActorDep
from gridmap.contacts import service as contacts
from gridmap.errors import DatabaseUnavailable, FieldError, InvalidInput
from gridmap.grids.layers import service as layers
from gridmap.snapshot import locate as finding
from gridmap.snapshot.locate import Located
from gridmap.snapshot.registry import Registry
from gridmap.snapshot.schema import LayerItem, LocateAnswer, NearAddress, OfficerAt

router = APIRouter(tags=["locate"])

INCLUDES = ("boundary", "address", "group", "officers", "layers")
_OFFICERS = Right(SEE_PERSONS, personal=True)


@router.get("/locate", response_model_exclude_unset=True)
def locate(
    response: Response,
    locating: LocatingDep,
    scope: MapScopeDep,
    actor: ActorDep,
    point: PointDep,
    accuracy: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False, description="Metres.")] = 0.0,
    include: Annotated[str, Query(description=f"Comma-separated: {', '.join(INCLUDES)}.")] = "",
    layer: Annotated[str, Query(include_in_schema=False)] = "",
) -> LocateAnswer:
    """The grid a point lies in, and the chain above it. Always 200 for a valid point; `grid` is null outside.

    With `include=officers` those who answer for the grid and the group, masked, by right, audited.
    """
    if layer:
        # As POST has it. Whoever asks so would take the grid for the area of the layer.
        message = "include=layers tells all layers at a point; POST /locate?layer=NAME looks points up in one"
        raise InvalidInput(f"layer: {message}", errors=[FieldError("layer", message)])
    wanted = parse_includes(include, INCLUDES)
    if "officers" in wanted:
        check(_OFFICERS, actor.caller, frozenset())
        response.headers["Cache-Control"] = PRIVATE
    found = locating.find(point, accuracy)
    if found.place is not None and not scope.covers(found.place):
        return LocateAnswer.outside(found, locating.version)
    more = {name: _PARTS[name](locating, found, actor) for name in INCLUDES if name in wanted and name in _PARTS}
    return LocateAnswer.of(found, locating.version).model_copy(update=more)


def _boundary(locating: Locating, found: Located, _: Actor) -> dict[str, Any] | None:
    if found.grid is None:
        return None
    if locating.snapshot is not None:
        outline = locating.snapshot.villages.outline(found.grid.code)
        return None if outline is None else geojson.geometry(outline)
    return geojson.geometry(finding.outline_of(locating.session, found.grid.code, locating.at))


def _address(locating: Locating, found: Located, _: Actor) -> NearAddress | None:
    if found.grid is None or locating.at is not None:
        return None
    if locating.offline:
        address = finding.nearest_door(locating.doors.last().index, found.grid.code, found.point)
    else:
        address = finding.nearest_address(locating.session, found.grid.code, found.point)
    return None if address is None else NearAddress.model_validate(address)


def _officers(locating: Locating, found: Located, actor: Actor) -> list[OfficerAt]:
    """Those of now: who answered for it in the past is not kept."""
    if found.grid is None or locating.at is not None:
        return []
    _refuse_offline(locating, "officers")
    check_scope(actor.caller, found.grid.code)
    codes = [found.grid.code] if found.group is None else [found.grid.code, found.group.code]
    return [
        OfficerAt(code=code, **asdict(officer))
        for code in codes
        for officer in contacts.masked_responsible(locating.session, actor, code)
    ]


def _layers(locating: Locating, found: Located, actor: Actor) -> list[LayerItem]:
    public_only = actor.caller.role is None
    if locating.offline:
        registry = Registry.of(locating.known)
        return [
            LayerItem(layer=name, code=item.code, name=item.name or None, on_boundary=border)
            for name, item, border in registry.covering_items(found.point, public_only=public_only)
        ]
    loaded = layers.list_layers(locating.session, locating.at, public_only=public_only)
    hits = layers.covering(locating.session, loaded, found.point.lon, found.point.lat)
    return [LayerItem(**asdict(hit)) for hit in hits]


def _refuse_offline(locating: Locating, what: str) -> None:
    if locating.offline:
        raise DatabaseUnavailable(f"The database can't be reached just now; {what} are not told without it.")


_PARTS = {"boundary": _boundary, "address": _address, "officers": _officers, "layers": _layers}
