"""Joining points with grids by peers, run by their own Python: prints how many points a second, the best of three.

    python peer_joins.py NAME GRIDS.parquet POINTS.parquet

The grids have `code` and their shapes as WKB, the points `lon` and `lat`; both are read before the clock runs.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

_ROUNDS = 3
Join = Callable[[], int]
"""Joins, and tells how many points lie in a grid."""


def geopandas_join(grids: str, points: str) -> Join:
    """`sjoin` with the predicate intersects, an STRtree behind it."""
    geopandas, pandas, shapely = (import_module(name) for name in ("geopandas", "pandas", "shapely"))
    shapes = pandas.read_parquet(grids)
    areas = geopandas.GeoDataFrame({"code": shapes["code"]}, geometry=shapely.from_wkb(shapes["geometry"].tolist()))
    table = pandas.read_parquet(points)
    spots = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(table["lon"], table["lat"]))

    def join() -> int:
        found = geopandas.sjoin(spots, areas, predicate="intersects")
        return len(found.groupby(level=0)["code"].min())

    return join


def sedonadb_join(grids: str, points: str) -> Join:
    """A spatial join in SQL, by as many threads as there are processors."""
    sedonadb, arrow = import_module("sedonadb"), import_module("pyarrow")
    session = sedonadb.connect()
    for name, path, shape in (("g", grids, "ST_GeomFromWKB(geometry)"), ("p", points, "ST_Point(lon, lat)")):
        session.read_parquet(path).to_view(f"raw_{name}")
        columns = "code" if name == "g" else "n"
        session.sql(f"SELECT {columns}, {shape} AS geometry FROM raw_{name}").to_memtable().to_view(name)
    statement = "SELECT p.n, min(g.code) FROM p JOIN g ON ST_Intersects(g.geometry, p.geometry) GROUP BY p.n"

    def join() -> int:
        return int(arrow.table(session.sql(statement)).num_rows)

    return join


def duckdb_join(grids: str, points: str) -> Join:
    """A spatial join in SQL; the extension is fetched from its makers' server when it is not there."""
    duckdb: Any = import_module("duckdb")
    connection = duckdb.connect()
    connection.execute("INSTALL spatial; LOAD spatial")
    connection.execute(f"CREATE TABLE g AS SELECT code, ST_GeomFromWKB(geometry) AS geometry FROM '{grids}'")
    connection.execute(f"CREATE TABLE p AS SELECT n, ST_Point(lon, lat) AS geometry FROM '{points}'")
    statement = "SELECT p.n, min(g.code) FROM p JOIN g ON ST_Intersects(g.geometry, p.geometry) GROUP BY p.n"

    def join() -> int:
        return len(connection.execute(statement).fetchnumpy()["n"])

    return join


JOINS = {"geopandas": geopandas_join, "sedonadb": sedonadb_join, "duckdb": duckdb_join}


def main(name: str, grids: str, points: str, count: str) -> None:
    """Prints points a second, and how many of them lie in a grid."""
    join = JOINS[name](grids, points)
    best, found = 0.0, 0
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        found = join()
        best = max(best, int(count) / (time.perf_counter() - started))
    sys.stdout.write(f"{best} {found}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
