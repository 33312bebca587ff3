"""A repair accepted on an outline that has no vertices where grids meet it: everything on that border gets them."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.db.geometry import from_shapely
from gridmap.divisions import service as divisions
from gridmap.editing.refining import BorderNotFree
from gridmap.exchange.repair import Noding
from gridmap.geo.lattice import snap
from gridmap.grids import service as grids
from gridmap.grids.coverage import check_within
from tests.files import write_layer
from tests.importing import COUNTY, EAST, TOWNSHIP, WEST, new_county, run, write_grids
from tests.villages import add

# One slanted line between the villages, on which hardly any point of the lattice lies.
_SOUTH, _NORTH = (103.4971234, 34.5), (103.5034567, 34.52)
_WEST, _EAST = 103.48, 103.52


def _on_the_line(share: float) -> tuple[float, float]:
    x, y = snap(np.array(_SOUTH) + share * (np.array(_NORTH) - np.array(_SOUTH))).tolist()
    return x, y


def _village(side: float) -> shapely.Polygon:
    return shapely.Polygon([(side, 34.5), _SOUTH, _NORTH, (side, 34.52)])


def _cut(side: float, village: str, share: float) -> dict[str, shapely.Polygon]:
    """A village in two grids that meet somewhere on the slanted line."""
    middle, border = _on_the_line(share), (side, 34.51)
    return {
        f"{village}001": shapely.Polygon([border, middle, _NORTH, (side, 34.52)]),
        f"{village}002": shapely.Polygon([(side, 34.5), _SOUTH, middle, border]),
    }


@pytest.fixture
def county(session: Session, tmp_path: Path) -> Session:
    new_county(session, tmp_path)
    west, east = _village(_WEST), _village(_EAST)
    shapes = [west, east, *[shapely.union_all([west, east])] * 2]
    path = write_layer(tmp_path / "o.gpkg", shapes, {"code": [WEST, EAST, TOWNSHIP, COUNTY]}, geometry_type="Polygon")
    assert run(session, "outlines", path).counts()["loaded"] == 4
    return session


def test_it_is_offered_told_and_true_for_both_sides_of_the_border(county: Session, tmp_path: Path) -> None:
    east = run(county, "grids", write_grids(tmp_path / "e.gpkg", {f"{EAST}001": _village(_EAST)}))
    assert east.version is not None
    path = write_grids(tmp_path / "w.gpkg", _cut(_WEST, WEST, 0.37))
    with county.begin_nested() as attempt:
        offered = run(county, "grids", path, dry_run=True)
        attempt.rollback()
    assert {finding.kind for finding in offered.findings} <= {"gap", "outside", "unmatched_vertex"}
    (repair,) = offered.repairs
    assert (repair.accepted, repair.tiles) == (False, True)
    # The western end of the line between the two grids lies on the outer border of everything.
    assert set(repair.beyond) == {EAST, EAST + "001", WEST, TOWNSHIP, COUNTY}
    before = {grid.code: grid.geometry for grid in grids.list_grids(county)}
    done = run(county, "grids", path, noding=Noding(accepted=True))
    assert (done.changesets, done.counts()["loaded"]) == ((), 2)
    assert check_within(county, COUNTY).problems == ()
    (neighbour,) = grids.list_grids(county, prefixes=[EAST])
    assert shapely.count_coordinates(neighbour.geometry) == shapely.count_coordinates(before[EAST + "001"]) + 1
    assert shapely.hausdorff_distance(neighbour.geometry, before[EAST + "001"]) < 1e-7
    line = shapely.LineString([_SOUTH, _NORTH])
    assert abs(neighbour.geometry.area - _village(_EAST).area) < 1e-7 * line.length
    assert divisions.get_division(county, EAST).outline == neighbour.geometry
    again = run(county, "grids", path, noding=Noding(accepted=True))
    assert again.counts() == {"loaded": 0, "unchanged": 2, "rejected": 0}


def test_both_villages_in_one_file(county: Session, tmp_path: Path) -> None:
    path = write_grids(tmp_path / "a.gpkg", {**_cut(_WEST, WEST, 0.37), **_cut(_EAST, EAST, 0.61)})
    assert run(county, "grids", path, noding=Noding(accepted=True)).changesets == ()
    assert check_within(county, COUNTY).problems == ()


def test_an_address_between_the_old_line_and_the_bent_one_stops_it(county: Session, tmp_path: Path) -> None:
    run(county, "grids", write_grids(tmp_path / "e.gpkg", {f"{EAST}001": _village(_EAST)}))
    spot = shapely.Polygon([_SOUTH, _on_the_line(0.37), _NORTH]).representative_point()
    inside = shapely.intersects(grids.list_grids(county, prefixes=[EAST])[0].geometry, spot)
    add(
        county,
        Address(
            county_code=COUNTY, code=f"A{COUNTY}00000001", village_code=EAST, label="1号", point_source="test",
            grid_code=EAST + "001" if inside else None, point=from_shapely(spot),
        ),
    )  # fmt: skip
    path = write_grids(tmp_path / "w.gpkg", _cut(_WEST, WEST, 0.37))
    with pytest.raises(BorderNotFree, match=f"A{COUNTY}00000001"):
        run(county, "grids", path, noding=Noding(accepted=True))
