"""The state of the map that a bulk request is answered from: one version, held for as long as the request takes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from gridmap.api.locating import Locating, LocatingDep
from gridmap.api.security import CallerDep
from gridmap.grids.layers import service as layers
from gridmap.snapshot.past import layer_segments, past_villages
from gridmap.snapshot.reader import Segments
from gridmap.snapshot.registry import Registry


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is looked up in, and the version that it is of. What is mapped stays readable whatever is published."""

    segments: Segments
    version: int
    in_layer: bool


def pinned_state(
    locating: LocatingDep,
    caller: CallerDep,
    layer: Annotated[str | None, Query(pattern=r"^[\w-]{1,40}$", description="A reference layer's name.")] = None,
) -> Pinned:
    """The grids or a layer, now or at a time. Raises NotFound for a layer that is not there for this caller."""
    if layer is None:
        return Pinned(_villages(locating), locating.version, in_layer=False)
    return Pinned(_layer(locating, layer, public_only=caller.role is None), locating.version, in_layer=True)


def _villages(locating: Locating) -> Segments:
    if locating.snapshot is not None:
        return locating.snapshot.villages
    return past_villages(locating.session, locating.at)


def _layer(locating: Locating, name: str, *, public_only: bool) -> Segments:
    if locating.offline:
        Registry.of(locating.known).get_layer(name, public_only=public_only)
        return locating.known.layer(name)
    record = layers.get_layer(locating.session, name, locating.at, public_only=public_only)
    if locating.snapshot is not None:
        return locating.snapshot.layer(name)
    return layer_segments(locating.session, record)


PinnedDep = Annotated[Pinned, Depends(pinned_state, scope="function")]
