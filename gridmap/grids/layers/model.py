"""Tables of reference layers and their features."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import SRID, Base, Instant, Validity, Words, geometry_checks, validity_checks


class ReferenceLayer(Base, Validity):
    """One loading of a reference layer (参考图层) such as police beats or hazard zones.

    A new loading under the same name ends the one before, which stays readable as of its time. `public` says whether
    it may be seen without a key. `defects` counts the features that were mended or left out.
    """

    __tablename__ = "reference_layer"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    title: Mapped[Words]
    public: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[Words]
    features: Mapped[int]
    defects: Mapped[int] = mapped_column(server_default="0")
    digest: Mapped[str] = mapped_column(String(64))
    # Of a row with an id of its own the time is no part of the key.
    valid_from: Mapped[Instant]

    __table_args__ = (
        *validity_checks(),
        CheckConstraint(r"name ~ '^[[:alnum:]_-]+$'", "name_form"),
        CheckConstraint("features >= 0 AND defects >= 0", "counts"),
        Index("uq_reference_layer_current", "name", unique=True, postgresql_where="valid_to IS NULL"),
        Index("ix_reference_layer_name", "name", "valid_from"),
    )


class LayerFeature(Base):
    """An area, line or point of a layer. Codes may repeat and shapes overlap; `position` is the order of the file."""

    __tablename__ = "layer_feature"

    layer_id: Mapped[int] = mapped_column(ForeignKey("reference_layer.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[Words]
    name: Mapped[Words | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    geometry: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=SRID, spatial_index=False))

    __table_args__ = (
        geometry_checks("geometry"),
        CheckConstraint("code <> ''", "code_filled"),
        Index("ix_layer_feature_geometry", "geometry", postgresql_using="gist"),
        Index("ix_layer_feature_code", "layer_id", "code"),
    )
