"""Exports of reference layers: one with the columns of its file, or all of them in one table."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.exported import Asked, Exported
from gridmap.exchange.table import Value
from gridmap.grids import service as grids
from gridmap.grids.layers import service
from gridmap.grids.layers.service import Feature, LayerRecord
from gridmap.sentences import say

# Names that a column can't have beside ours: formats tell them apart by letters only, some have these themselves.
_TAKEN = ("layer", "code", "name", "geometry", "geom", "fid")


def export_layers(session: Session, asked: Asked) -> Exported:
    """One layer as it was loaded, with `code` and `name` first; or the code and name of everything in every layer.

    Raises NotFound for a layer and a division that don't exist, InvalidInput for a division without an outline.
    """
    ground = _ground(session, asked)
    if asked.layer is None:
        layers = service.list_layers(session, asked.at, public_only=asked.public_only)
        found = [(layer.name, one) for layer in layers for one in _features(session, layer, ground)]
        rows = [(name, one.code, one.name) for name, one in found]
        columns = (("layer", str), ("code", str), ("name", str))
        return Exported("layers", columns, rows, [one.geometry for _, one in found])
    layer = service.get_layer(session, asked.layer, asked.at, public_only=asked.public_only)
    return _one(_features(session, layer, ground))


def _ground(session: Session, asked: Asked) -> BaseGeometry | None:
    """What features have to meet; None for no such wish."""
    if asked.within is None:
        return None
    grid = len(asked.within) > len("623022101200")
    area = (
        grids.get_grid(session, asked.within, asked.at).geometry
        if grid
        else divisions.get_division(session, asked.within, asked.at).outline
    )
    if area is None:
        message = say(
            "export_no_outline",
            "{code} has no outline, so that nothing can be said to lie in it; leave it away",
            code=asked.within,
        )
        raise InvalidInput(f"within: {message}", errors=[FieldError("within", message)])
    return area


def _features(session: Session, layer: LayerRecord, ground: BaseGeometry | None) -> list[Feature]:
    found = service.list_features(session, layer)
    return found if ground is None else [one for one in found if one.geometry.intersects(ground)]


def _one(features: Sequence[Feature]) -> Exported:
    """A layer with its own columns; one that only says the code or the name again is left away."""
    own: dict[str, list[Any]] = {}
    for key in dict.fromkeys(key for feature in features for key in feature.properties):
        values = [feature.properties.get(key) for feature in features]
        if values not in ([one.code for one in features], [one.name for one in features]):
            own[_free(key, [*_TAKEN, *own])] = values
    typed = {name: _typed(values) for name, values in own.items()}
    columns = (("code", str), ("name", str), *((name, kind) for name, (kind, _) in typed.items()))
    rows = [
        (one.code, one.name, *(values[place] for _, values in typed.values())) for place, one in enumerate(features)
    ]
    return Exported("layers", columns, rows, [one.geometry for one in features])


def _free(key: str, taken: Sequence[str]) -> str:
    """A column's name, with a line behind it as long as another one is called so.

    >>> _free("Name", ["code", "name"]), _free("area", ["code", "name"])
    ('Name_', 'area')
    """
    return _free(f"{key}_", taken) if key.casefold() in {name.casefold() for name in taken} else key


def _typed(values: Sequence[Any]) -> tuple[type, list[Value]]:
    """The type that holds all of a column, whole numbers, numbers or text, and its values as such."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return int, list(values)
    if kinds and kinds <= {int, float}:
        return float, _each(values, float)
    return str, _each(values, _text)


def _each(values: Sequence[Any], turn: Callable[[Any], Value]) -> list[Value]:
    return [None if value is None else turn(value) for value in values]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
