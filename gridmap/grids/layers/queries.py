"""Every statement on reference layers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import Session

from gridmap.db.base import SRID, holds
from gridmap.grids.layers.model import LayerFeature, ReferenceLayer

HitRow = Row[LayerFeature, str]


def select_layers(at: datetime | None) -> Select[ReferenceLayer]:
    """Layers as loaded at a time."""
    return select(ReferenceLayer).where(holds(ReferenceLayer, at))


def list_layers(session: Session, at: datetime | None, *, public_only: bool) -> Sequence[ReferenceLayer]:
    """The layers by name."""
    stmt = select_layers(at).order_by(ReferenceLayer.name)
    return session.scalars(stmt.where(ReferenceLayer.public) if public_only else stmt).all()


def find_layer(session: Session, name: str, at: datetime | None) -> ReferenceLayer | None:
    """One layer; now by uq_reference_layer_current."""
    return session.scalars(select_layers(at).where(ReferenceLayer.name == name)).one_or_none()


def changed_since(session: Session, version: int) -> Sequence[str]:
    """Layers that were loaded or ended after a version."""
    either = (ReferenceLayer.version_from > version) | (ReferenceLayer.version_to > version)
    return session.scalars(select(ReferenceLayer.name).where(either).distinct()).all()


def list_features(
    session: Session,
    layer_id: int,
    *,
    bbox: tuple[float, float, float, float] | None,
    after: int,
    limit: int | None,
) -> Sequence[LayerFeature]:
    """The next features in the order of the file that intersect a box; by pk_layer_feature."""
    stmt = select(LayerFeature).where(LayerFeature.layer_id == layer_id, LayerFeature.position > after)
    if bbox is not None:
        stmt = stmt.where(func.ST_Intersects(LayerFeature.geometry, func.ST_MakeEnvelope(*bbox, SRID)))
    return session.scalars(stmt.order_by(LayerFeature.position).limit(limit)).all()


def features_near_point(session: Session, layer_ids: Sequence[int], lon: float, lat: float) -> Sequence[HitRow]:
    """Features whose box covers a point, with their layer's name; by ix_layer_feature_geometry. The caller tests."""
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = (
        select(LayerFeature, ReferenceLayer.name)
        .join(ReferenceLayer, ReferenceLayer.id == LayerFeature.layer_id)
        .where(LayerFeature.layer_id.in_(layer_ids), LayerFeature.geometry.intersects(point))
        .order_by(ReferenceLayer.name, LayerFeature.code, LayerFeature.position)
    )
    return session.execute(stmt).all()


def end_layer(session: Session, name: str, moment: datetime, version: int) -> None:
    """Ends the current loading of a name, if there is one."""
    session.execute(
        update(ReferenceLayer)
        .where(ReferenceLayer.name == name, ReferenceLayer.valid_to.is_(None))
        .values(valid_to=moment, version_to=version)
        .execution_options(synchronize_session=False)
    )
