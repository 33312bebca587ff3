"""Reference layers from files: any shapes under codes that may repeat and overlap."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.errors import Forbidden, InvalidInput
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.loaders.context import Context, publish
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.grids.layers import service
from gridmap.grids.layers.service import Feature
from gridmap.sentences import say


def load_layer(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Makes the file the layer of its name. One bad row refuses the whole file, unless defects are allowed.

    A layer with a hole where a row was left out would answer "nothing here" in silence. With `allow_defects` broken
    rings are mended, and what can't be mended is left out, all of it reported and counted with the layer.
    """
    counties = [known.code for known in divisions.list_names(session) if known.level == "county"]
    if not all(map(context.may_enter, counties)):
        raise Forbidden("A reference layer is everybody's: only who has all counties in scope loads one.")
    loaded = Loaded()
    features: list[Feature] = []
    good: list[Record] = []
    for position, record in enumerate(records, 1):
        try:
            features.append(_feature(position, record))
            good.append(record)
        except BadCode as error:
            loaded.reject(record, None, error.said)
    mended = sum(any("mended" in note for note in record.notes) for record in good)
    rejected = len(records) - len(good)
    before = service.find_layer(session, context.layer_name)
    if rejected and not context.allow_defects:
        why = say(
            "layer_not_loaded",
            "{count} rows of the file are not sound, so the layer was not loaded; see --allow-defects",
            count=rejected,
        )
        for feature, record in zip(features, good, strict=True):
            loaded.reject(record, feature.code, why)
        return loaded
    if not features:
        raise InvalidInput(say("layer_no_row", "{file} has no row that can be part of a layer.", file=context.file))
    same = before is not None and before.digest == service.digest(features)
    for feature, record in zip(features, good, strict=True):
        if same:
            loaded.keep(record, feature.code)
        else:
            loaded.load(record, feature.code)
    if not same:
        loaded.version = publish(session, context, f"layer {context.layer_name}", [])
        service.replace_layer(
            session,
            context.layer_name,
            features,
            title=context.title or (before.title if before else context.layer_name),
            public=context.public or (before is not None and before.public),
            source=context.file,
            defects=mended + rejected,
            version=loaded.version,
        )
    there = 0 if before is None else before.features
    loaded.table.append(
        Line(say("features_of", "features of {layer}", layer=context.layer_name), str(there), str(len(features)))
    )
    return loaded


def _feature(position: int, record: Record) -> Feature:
    if record.problem is not None:
        raise BadCode(record.problem)
    code = code_text(record.fields.get("code"))
    if code is None:
        raise BadCode(say("no_code", "it has no code"))
    if record.geometry is None:
        raise BadCode(say("no_geometry", "it has no geometry"))
    return Feature(position, code, record.text("name"), dict(record.properties), record.geometry)
