"""The small county that other tests stand on is itself sound."""

from shapely import Point, from_wkb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.divisions.model import DivisionVersion
from gridmap.grids.model import GridVersion
from gridmap.households.model import Household
from tests.county import NORTH_WEST, SOUTH_EAST, WEST, at, small_county, square


def test_grids_tile_their_villages_and_addresses_lie_in_their_grids(session: Session) -> None:
    small_county(session)
    outlines = {
        code: from_wkb(bytes(wkb))
        for code, wkb in session.execute(select(DivisionVersion.code, func.ST_AsBinary(DivisionVersion.outline)))
    }
    grids = {
        code: from_wkb(bytes(wkb))
        for code, wkb in session.execute(select(GridVersion.code, func.ST_AsBinary(GridVersion.geometry)))
    }
    west = [shape for code, shape in grids.items() if code.startswith(WEST)]
    assert west[0].union(west[1]).equals(outlines[WEST])
    doors = session.execute(select(Address.grid_code, func.ST_X(Address.point), func.ST_Y(Address.point))).all()
    assert len(doors) == session.scalar(select(func.count()).select_from(Household)) == 6
    assert all(grids[str(code)].contains(Point(x, y)) for code, x, y in doors)


def test_a_place_is_named_by_its_grid_and_how_far_right_and_up() -> None:
    assert at(NORTH_WEST, 0, 1) == (103.5, 34.52)
    assert at(SOUTH_EAST, 0, 1) == at(NORTH_WEST, 1, 0) == (103.51, 34.51)
    assert square(NORTH_WEST).touches(square(SOUTH_EAST))
