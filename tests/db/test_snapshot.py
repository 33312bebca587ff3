"""The snapshot follows the database: whoever publishes, whatever is killed or damaged meanwhile."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event

import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import make_engine, transaction
from gridmap.db.versions import raise_version
from gridmap.editing import division_changes, review, service
from gridmap.editing.division_changes import Names
from gridmap.errors import SnapshotDamaged
from gridmap.geo.lonlat import LonLat
from gridmap.grids.layers.service import Feature, replace_layer
from gridmap.snapshot import catch_up as catching_up
from gridmap.snapshot import manifest as manifests
from gridmap.snapshot import served as serving
from gridmap.snapshot.catch_up import catch_up
from gridmap.snapshot.groups import GroupName, nearest_kind, read_groups
from gridmap.snapshot.locate import locate, locate_in
from gridmap.snapshot.manifest import Manifest, kept_versions, read_manifest
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry
from gridmap.snapshot.served import Served
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_WEST, TOWNSHIP, WEST, at, record_id, small_county

AUTHOR = Actor(Caller("user:li", "editor", "all", ("",)), Origin("test"))
REVIEWER = Actor(Caller("user:wang", "reviewer", "all", ("",)), Origin("test"))


@pytest.fixture
def county(clone: Engine) -> Iterator[Engine]:
    with transaction(clone) as session:
        small_county(session)
    yield clone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshot"


def grid_at(folder: Path, place: tuple[float, float]) -> tuple[str, str] | None:
    found = Snapshot.open(folder).villages.find(*place).items
    return (found[0].code, found[0].name) if found else None


def group_at(folder: Path, place: tuple[float, float]) -> GroupName | None:
    snapshot = Snapshot.open(folder)
    grid = snapshot.villages.find(*place).items[0].code
    (row,) = [row for row in snapshot.rows("groups").to_pylist() if row["code"] == grid[:12]]
    there = read_groups(row).get(grid)
    return None if there is None else there.nearest(*place, nearest_kind)


def rename_grid(engine: Engine, code: str, name: str) -> int:
    """Publishes a changeset that only renames a grid."""
    with transaction(engine) as session:
        changeset = service.open_changeset(session, AUTHOR, [code[:12]], f"{name} for {code}")
        content = [
            grid.proposed()
            for grid in service.list_content(session, AUTHOR.caller, changeset)
            if grid.action != "retire"
        ]
        renamed = [replace(grid, name=name) if grid.code == code else grid for grid in content]
        service.propose(session, AUTHOR, changeset, renamed)
        review.submit(session, AUTHOR, changeset)
        return review.publish(session, REVIEWER, changeset)


def files_written(before: Manifest, after: Manifest) -> dict[str, int]:
    return {entry.content: entry.segments for entry in after.files if entry not in before.files}


def test_it_is_built_from_the_database(county: Engine, folder: Path) -> None:
    made = catch_up(county, folder)
    assert made.version == 1
    snapshot = Snapshot.open(folder)
    found = snapshot.villages.find(*at(NORTH_WEST))
    assert [step.code for step in found.divisions] == ["99", "990000", COUNTY, TOWNSHIP, WEST]
    assert found.items[0].name == "西北"
    assert catch_up(county, folder) == made
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_a_publish_writes_its_village_only(county: Engine, folder: Path) -> None:
    before = catch_up(county, folder)
    assert rename_grid(county, NORTH_WEST, "新名") == 2
    after = catch_up(county, folder)
    assert (after.version, grid_at(folder, at(NORTH_WEST))) == (2, (NORTH_WEST, "新名"))
    assert grid_at(folder, at(NORTH_EAST)) == (NORTH_EAST, "东北")
    assert kept_versions(folder) == [2, 1]
    assert Snapshot.open(folder, 1).villages.find(*at(NORTH_WEST)).items[0].name == "西北"
    rows = [read_manifest(folder, version) for version in (1, 2)]
    assert [row.origin.published_at for row in rows if row] == [before.origin.published_at, after.origin.published_at]


def test_a_division_that_is_renamed_is_renamed_in_every_village_below(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    with transaction(county) as session:
        admin = Actor(Caller("cli:root", "admin", "all", ("",)), Origin("test"))
        division_changes.rename(session, admin, TOWNSHIP, Names(name="新镇", name_full="新镇"))
    catch_up(county, folder)
    for grid in (NORTH_WEST, NORTH_EAST):
        chain = Snapshot.open(folder).villages.find(*at(grid)).divisions
        assert [step.name for step in chain if step.level == "township"] == ["新镇"]


def test_what_was_removed_without_a_trace_is_removed(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    with transaction(county) as session:
        raise_version(session, "test", "removed")
        for statement in (
            "UPDATE household SET group_code = NULL WHERE group_code LIKE :east",
            "DELETE FROM household_group_version WHERE code LIKE :east",
            "DELETE FROM household_group WHERE code LIKE :east",
            "UPDATE address SET grid_code = NULL WHERE grid_code LIKE :east",
            "DELETE FROM grid_version WHERE code LIKE :east",
            "DELETE FROM grid WHERE code LIKE :east",
        ):
            session.execute(text(statement), {"east": f"{EAST}%"})
    catch_up(county, folder)
    assert grid_at(folder, at(NORTH_EAST)) is None
    assert grid_at(folder, at(NORTH_WEST)) == (NORTH_WEST, "西北")


def test_the_nearest_group_is_told_and_kept_fresh_without_a_version(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    near_first, near_second = at(NORTH_WEST, 0.25, 0.75), at(NORTH_WEST, 0.75, 0.25)
    assert group_at(folder, near_first) == GroupName(NORTH_WEST + "01", "1组")
    assert group_at(folder, near_second) == GroupName(NORTH_WEST + "02", "2组")
    before = catch_up(county, folder)
    with transaction(county) as session:
        session.execute(text("UPDATE household SET head_phone = '13800000000'"))
    assert catch_up(county, folder) == before
    with transaction(county) as session:
        session.execute(text("UPDATE household SET status = 'closed' WHERE id = :id"), {"id": record_id("H", 1)})
    after = catch_up(county, folder)
    assert (after.version, after.mark != before.mark) == (1, True)
    assert files_written(before, after) == {"groups": 1} or after.files[-1].content == "groups"
    assert group_at(folder, near_first) == GroupName(NORTH_WEST + "02", "2组")
    with transaction(county) as session:
        session.execute(
            text(
                "UPDATE address SET point = ST_SetSRID(ST_MakePoint(:x, :y), 4490), grid_code = :grid WHERE code = :id"
            ),
            {"x": at(SOUTH_WEST)[0], "y": at(SOUTH_WEST)[1], "grid": SOUTH_WEST, "id": record_id("A", 2)},
        )
    catch_up(county, folder)
    assert group_at(folder, near_first) is None


def test_changes_that_overlap_are_not_missed(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    with Session(county) as slow:
        slow.execute(text("UPDATE household SET status = 'closed' WHERE id = :id"), {"id": record_id("H", 1)})
        with transaction(county) as session:
            session.execute(text("UPDATE household SET status = 'closed' WHERE id = :id"), {"id": record_id("H", 3)})
        catch_up(county, folder)
        assert group_at(folder, at(SOUTH_WEST)) is None
        assert group_at(folder, at(NORTH_WEST, 0.2, 0.8)) == GroupName(NORTH_WEST + "01", "1组")
        slow.commit()
    catch_up(county, folder)
    assert group_at(folder, at(NORTH_WEST, 0.2, 0.8)) == GroupName(NORTH_WEST + "02", "2组")


def test_layers_come_with_all_their_items_and_areas_of_one_code_are_one(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    shapes = [shapely.box(103.50, 34.50, 103.505, 34.51), shapely.box(103.505, 34.50, 103.51, 34.51)]
    items = [
        Feature(1, "B1", "一区", {"n": 1}, shapes[0]),
        Feature(2, "B1", None, {}, shapes[1]),
        Feature(3, "P", "岗亭", {}, shapely.Point(103.5, 34.5)),
    ]
    with transaction(county) as session:
        version = raise_version(session, "test", "layer")
        replace_layer(session, "beats", items, title="警区", public=True, source="t", defects=0, version=version)
    catch_up(county, folder)
    found = Snapshot.open(folder).layer("beats").find(103.505, 34.505)
    assert ([item.code for item in found.items], found.on_boundary) == (["B1"], False)
    (row,) = Snapshot.open(folder).rows("layer_items").to_pylist()
    assert (row["code"], row["title"], row["public"], row["positions"]) == ("beats", "警区", True, [1, 2, 3])


def test_a_kill_between_commit_and_manifest_heals_by_itself(
    county: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_up(county, folder)
    rename_grid(county, NORTH_WEST, "新名")
    url = county.url.render_as_string(hide_password=False)
    pid = os.fork()
    if pid == 0:  # a publisher that dies where its manifest should be written
        manifests._put = lambda *_: os.kill(os.getpid(), 9)  # type: ignore[assignment]
        catching_up.catch_up(make_engine(url), folder)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 9
    assert grid_at(folder, at(NORTH_WEST)) == (NORTH_WEST, "西北")
    catch_up(county, folder)
    assert grid_at(folder, at(NORTH_WEST)) == (NORTH_WEST, "新名")
    assert not list((folder / "segments").glob("unfinished-*"))


@pytest.mark.parametrize("what", ["segment", "manifest"])
def test_damage_is_refused_and_mended(county: Engine, folder: Path, what: str) -> None:
    catch_up(county, folder)
    rename_grid(county, NORTH_WEST, "新名")
    made = catch_up(county, folder)
    path = folder / "manifest.json" if what == "manifest" else folder / "segments" / made.files[0].name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SnapshotDamaged):
        Snapshot.open(folder)
    assert catch_up(county, folder).version == 2
    assert grid_at(folder, at(NORTH_WEST)) == (NORTH_WEST, "新名")


def test_another_database_is_never_mixed_in(county: Engine, folder: Path) -> None:
    catch_up(county, folder)
    with transaction(county) as session:
        session.execute(text("UPDATE dataset_version SET published_at = published_at + interval '1 day'"))
        session.execute(text("UPDATE grid_version SET name = '另一段历史'"))
    catch_up(county, folder)
    assert grid_at(folder, at(NORTH_WEST)) == (NORTH_WEST, "另一段历史")


def test_exactly_one_builds(county: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    whole = manifests.replace_all

    def counted(*arguments: object, **more: object) -> Manifest:
        built.append(1)
        return whole(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(catching_up, "replace_all", counted)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: catch_up(county, folder), range(6)))
    assert len(built) == 1
    assert len(set(map(str, made))) == 1


def test_nobody_is_told_the_former_version_while_the_new_one_is_opened(
    county: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOK_EVERY_S", 0.0)
    catch_up(county, folder)
    served, go_on, opening = Served(folder), Event(), Event()
    former = served.current()
    assert former is not None
    with transaction(county) as session:
        raise_version(session, "test", "nothing")
    made = catch_up(county, folder)
    opened = Snapshot.open

    def slowly(path: Path) -> Snapshot:
        opening.set()
        assert go_on.wait(30)
        return opened(path)

    # So long that whoever comes second comes before he would look himself.
    monkeypatch.setattr(serving, "LOOK_EVERY_S", 60.0)
    monkeypatch.setattr(Snapshot, "open", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(served.current)
        assert opening.wait(30)
        second = pool.submit(served.current)
        with suppress(TimeoutError):
            second.result(0.2)
        go_on.set()
        versions = [snapshot.version for future in (first, second) if (snapshot := future.result(30)) is not None]
    assert versions == [made.version, made.version] != [former.version, former.version]


def test_an_empty_database_has_an_empty_snapshot(clone: Engine, folder: Path) -> None:
    assert catch_up(clone, folder).version == 0
    assert grid_at(folder, at(NORTH_WEST)) is None
    assert Registry.of(Snapshot.open(folder)).covering(*at(NORTH_WEST)) == ()


def test_it_tells_what_postgis_tells(county: Engine, folder: Path) -> None:
    """On lines, corners and a hair beside them, outside, with circles; and the group, which PostGIS measures."""
    catch_up(county, folder)
    snapshot = Snapshot.open(folder)
    random = Random(4)
    spots = [(103.5 + 0.005 * x, 34.5 + 0.005 * y) for x in range(-1, 6) for y in range(-1, 6)]
    spots += [(x + 1e-13, y) for x, y in spots]
    spots += [(random.uniform(103.49, 103.53), random.uniform(34.49, 34.53)) for _ in range(60)]
    with transaction(county) as session:
        for number, (x, y) in enumerate(spots):
            point, accuracy_m = LonLat(x, y), (0.0, 0.0, 120.0)[number % 3]
            here = locate_in(snapshot, point, accuracy_m=accuracy_m)
            there = locate(session, point, accuracy_m=accuracy_m)
            assert (here.grid, here.on_boundary, here.divisions) == (there.grid, there.on_boundary, there.divisions)
            assert here.group == there.group
            assert [share.code for share in here.touching] == [share.code for share in there.touching]
            assert [s.share for s in here.touching] == pytest.approx([s.share for s in there.touching], abs=1e-9)
            if there.nearest is not None and here.nearest is not None:
                assert here.nearest.code == there.nearest.code
                assert here.nearest.distance_m == pytest.approx(there.nearest.distance_m, abs=2e-3)
            assert (here.nearest is None) == (there.nearest is None)
