"""What the index is made of: the statements on current doors and on other names."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address, AddressAlias, PlaceAlias
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.db.base import among

_BATCH = 20_000


def current_doors(session: Session, villages: Collection[str] | None = None) -> Iterator[Sequence[Sequence[object]]]:
    """Current addresses in the order of an index's columns, in batches: all, or by ix_address_village_code."""
    segments = (getattr(Address, name) for name in DOOR_SEGMENTS)
    place = (func.ST_X(Address.point), func.ST_Y(Address.point), Address.grid_code)
    stmt = select(Address.code, Address.village_code, Address.label, *segments, *place)
    stmt = stmt.where(Address.status == "current")
    if villages is not None:
        stmt = stmt.where(among(Address.village_code, villages))
    yield from session.execute(stmt.execution_options(yield_per=_BATCH)).partitions()


def labels_in(session: Session, villages: Collection[str]) -> Sequence[tuple[str, str, str]]:
    """Village, code and label of the current doors of some villages, by code; by ix_address_village_code."""
    if not villages:
        return []
    stmt = select(Address.village_code, Address.code, Address.label).where(among(Address.village_code, villages))
    rows = session.execute(stmt.where(Address.status == "current").order_by(Address.code))
    return [(village, code, label) for village, code, label in rows]


def door_aliases(session: Session) -> Sequence[tuple[str, str]]:
    """Every other name of a current door, with the door's code; codes of other systems among them."""
    stmt = select(AddressAlias.text, AddressAlias.address_code).join(
        Address, (Address.county_code == AddressAlias.county_code) & (Address.code == AddressAlias.address_code)
    )
    return [(text, code) for text, code in session.execute(stmt.where(Address.status == "current"))]


def place_aliases(session: Session) -> Sequence[tuple[str, str, str]]:
    """Every other name of a division or of a hamlet in a village: the division, the hamlet or nothing, the name."""
    stmt = select(PlaceAlias.division_code, PlaceAlias.hamlet, PlaceAlias.text).where(PlaceAlias.kind != "code")
    return [(code, hamlet, text) for code, hamlet, text in session.execute(stmt.order_by(PlaceAlias.division_code))]
