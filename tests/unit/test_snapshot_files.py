"""A snapshot's files: whole or absent, checked before they are trusted, and few however much is published."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from gridmap.errors import Conflict, InvalidInput, NotFound, SnapshotDamaged
from gridmap.geo.lattice import snap
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot import manifest as manifests
from gridmap.snapshot.build import SegmentSource, build_files, build_segments
from gridmap.snapshot.manifest import KEPT_VERSIONS, Manifest, kept_versions, publish, read_manifest, replace_all
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.segment import (
    CRS,
    FORMAT_VERSION,
    DivisionName,
    FileEntry,
    GridName,
    checksum,
    read_segments,
    to_index,
)

CHAIN = (DivisionName("province", "62", "甘肃", None), DivisionName("county", "623022", "卓尼", "ཅོ་ནེ་"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def village(number: int, name: str = "网格", west: float | None = None, grids: int = 3) -> SegmentSource:
    """A village of square grids in a row, one row north of the village before; the grids in no order."""
    code, south = f"623022101{number:03d}", 34.5 + 0.01 * (number - 200)
    start = 103.5 if west is None else west
    shapes = [
        (
            GridName(f"{code}{grid + 1:03d}", f"{name}{grid + 1}", None if grid else "དྲ་མིག", "base"),
            shapely.box(*snap([start + 0.01 * grid, south, start + 0.01 * (grid + 1), south + 0.01])),
        )
        for grid in reversed(range(grids))
    ]
    chain = (*CHAIN, DivisionName("village", code, f"村{number}", None))
    return SegmentSource("village", code, chain, shapes)


def layer(name: str, *codes: str, west: float = 103.5) -> SegmentSource:
    shapes = [(GridName(code, code, None, "item"), shapely.box(west, 34.5, west + 0.02, 34.53)) for code in codes]
    return SegmentSource("layer", name, (), shapes)


def first_version(home: Path, numbers: Sequence[int] = (200, 201, 202)) -> Manifest:
    return replace_all(home, 1, build_files(village(number) for number in numbers), now=NOW)


def middle(number: int, grid: int = 0) -> tuple[float, float]:
    return 103.505 + 0.01 * grid, 34.505 + 0.01 * (number - 200)


def codes_at(home: Path, lon: float, lat: float) -> list[str]:
    return [item.code for item in Snapshot.open(home).villages.find(lon, lat).items]


def segment_file(home: Path) -> Path:
    (path,) = (home / "segments").glob("*.arrow")
    return path


def test_a_point_is_told_with_its_grid_its_chain_and_the_version(tmp_path: Path) -> None:
    first_version(tmp_path)
    snapshot = Snapshot.open(tmp_path)
    found = snapshot.villages.find(*middle(201))
    assert found.items == (GridName("623022101201001", "网格1", "དྲ་མིག", "base"),)
    assert [step.code for step in found.divisions] == ["62", "623022", "623022101201"]
    assert found.divisions[1].name_bo == "ཅོ་ནེ་"
    assert (found.on_boundary, snapshot.version) == (False, 1)
    assert snapshot.villages.find(100.0, 34.5).items == ()


def test_a_line_between_two_villages_belongs_to_the_lower_code_whichever_file_it_is_in(tmp_path: Path) -> None:
    first_version(tmp_path)
    line = (103.505, 34.51)
    expected = ["623022101200001", "623022101201001"]
    assert codes_at(tmp_path, *line) == expected
    for version, number in ((2, 200), (3, 201)):
        publish(tmp_path, version, build_segments([village(number)]))
        assert codes_at(tmp_path, *line) == expected
        many = Snapshot.open(tmp_path).villages.find_many([line[0], 103.505, 0.0], [line[1], 34.505, 0.0])
        assert many.codes.to_pylist() == [expected[0], expected[0], None]
        assert many.touching.tolist() == [2, 1, 0]
        assert many.on_boundary.tolist() == [True, False, False]


def test_one_and_many_agree_over_all_files(tmp_path: Path) -> None:
    first_version(tmp_path, range(200, 240))
    for version, number in enumerate((203, 231, 203, 217), 2):
        publish(tmp_path, version, build_segments([village(number, west=103.495)]))
    villages = Snapshot.open(tmp_path).villages
    random = np.random.default_rng(1)
    lon, lat = np.round(random.uniform([103.48, 34.48], [103.55, 34.92], (3000, 2)), 3).T
    many = villages.find_many(lon, lat)
    single = [villages.find(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    assert many.codes.to_pylist() == [found.items[0].code if found.items else None for found in single]
    assert many.touching.tolist() == [len(found.items) for found in single]
    assert many.on_boundary.tolist() == [found.on_boundary for found in single]
    assert sum(found.on_boundary for found in single) > 100


def test_nearest_and_shares_look_into_every_file(tmp_path: Path) -> None:
    first_version(tmp_path)
    publish(tmp_path, 2, build_segments([village(200, west=103.6)]))
    villages = Snapshot.open(tmp_path).villages
    near = villages.find_nearest(LonLat(103.599, 34.505))
    assert near is not None
    assert near.item.code == "623022101200001"
    assert near.distance_m == pytest.approx(91.8, abs=0.1)
    other = villages.find_nearest(LonLat(103.499, 34.515))
    assert other is not None
    assert other.item.code == "623022101201001"
    parts = villages.find_shares(LonLat(*middle(201)), 300.0)
    assert [(item.code, round(share, 6)) for item, share in parts] == [("623022101201001", 1.0)]
    # The corner of four: two villages, two grids each.
    parts = villages.find_shares(LonLat(103.51, 34.52), 0.0)
    assert [share for _, share in parts] == [0.25] * 4
    assert sorted(item.code for item, _ in parts) == [item.code for item, _ in parts]


def test_layers_stand_apart_from_villages_and_from_each_other(tmp_path: Path) -> None:
    first_version(tmp_path)
    publish(tmp_path, 2, build_segments([layer("beats", "B2", "B1"), layer("flood", "F")]))
    snapshot = Snapshot.open(tmp_path)
    assert [item.code for item in snapshot.layer("beats").find(*middle(200)).items] == ["B1", "B2"]
    assert [item.code for item in snapshot.layer("flood").find(*middle(200)).items] == ["F"]
    assert codes_at(tmp_path, *middle(200)) == ["623022101200001"]
    with pytest.raises(NotFound):
        snapshot.layer("schools")


def test_a_publish_writes_its_villages_only(tmp_path: Path) -> None:
    first_version(tmp_path, range(200, 300))
    before = segment_file(tmp_path)
    stamp = before.stat()
    made = publish(tmp_path, 2, build_segments([village(250, "新")]))
    assert before.stat().st_mtime_ns == stamp.st_mtime_ns
    assert len(made.files) == 2
    assert made.files[1].size < stamp.st_size / 10
    assert Snapshot.open(tmp_path).villages.find(*middle(250)).items[0].name == "新1"


def test_a_village_that_is_dissolved_is_gone_and_may_come_again(tmp_path: Path) -> None:
    first_version(tmp_path)
    publish(tmp_path, 2, build_segments([village(201, grids=4)]), removed=[("village", "623022101202")])
    assert codes_at(tmp_path, *middle(202)) == []
    assert codes_at(tmp_path, *middle(201, 3)) == ["623022101201004"]
    publish(tmp_path, 3, None, removed=[("village", "623022101200")])
    assert codes_at(tmp_path, *middle(200)) == codes_at(tmp_path, *middle(202)) == []
    publish(tmp_path, 4, build_segments([village(202)]))
    assert codes_at(tmp_path, *middle(202)) == ["623022101202001"]


def test_files_stay_few_and_nothing_is_lost_however_much_is_published(tmp_path: Path) -> None:
    first_version(tmp_path, range(200, 300))
    for version in range(2, 60):
        made = publish(tmp_path, version, build_segments([village(200 + version, f"第{version}版")]))
        assert len(made.files) <= 5
    villages = Snapshot.open(tmp_path).villages
    names = [villages.find(*middle(number)).items[0].name for number in range(200, 300)]
    assert names == ["网格1"] * 2 + [f"第{version}版1" for version in range(2, 60)] + ["网格1"] * 40


def test_an_old_version_is_read_as_it_was(tmp_path: Path) -> None:
    first_version(tmp_path)
    held = Snapshot.open(tmp_path)
    for version in range(2, 8):
        publish(tmp_path, version, build_segments([village(200, f"第{version}版")]), now=NOW)
    assert Snapshot.open(tmp_path, version=4).villages.find(*middle(200)).items[0].name == "第4版1"
    assert held.villages.find(*middle(200)).items[0].name == "网格1"
    with pytest.raises(NotFound):
        Snapshot.open(tmp_path, version=99)


def test_manifests_are_kept_by_number_and_age_and_their_files_with_them(tmp_path: Path) -> None:
    first_version(tmp_path)
    versions = KEPT_VERSIONS + 10
    for version in range(2, versions + 1):
        when = NOW + timedelta(days=version)
        publish(tmp_path, version, build_segments([village(200, f"第{version}版")]), now=when)
    assert kept_versions(tmp_path) == list(range(versions, versions - KEPT_VERSIONS, -1))
    kept = [read_manifest(tmp_path, version) for version in kept_versions(tmp_path)]
    named = {entry.name for manifest in kept if manifest is not None for entry in manifest.files}
    assert {path.name for path in (tmp_path / "segments").glob("*.arrow")} == named
    oldest = kept_versions(tmp_path)[-1]
    assert Snapshot.open(tmp_path, oldest).villages.find(*middle(200)).items[0].name == f"第{oldest}版1"


def test_a_busy_day_keeps_more_than_the_number(tmp_path: Path) -> None:
    first_version(tmp_path)
    for version in range(2, KEPT_VERSIONS + 5):
        publish(tmp_path, version, None, now=NOW + timedelta(minutes=version))
    assert kept_versions(tmp_path)[-1] == 1


def test_a_version_that_is_not_newer_is_refused(tmp_path: Path) -> None:
    first_version(tmp_path)
    publish(tmp_path, 5, build_segments([village(200)]))
    for version in (5, 4):
        with pytest.raises(Conflict):
            publish(tmp_path, version, build_segments([village(200)]))
    with pytest.raises(Conflict):
        first_version(tmp_path)
    assert Snapshot.open(tmp_path).version == 5


def damage_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


@pytest.mark.parametrize("damage", [damage_byte, cut_short, Path.unlink])
def test_a_damaged_file_is_refused_and_the_version_before_served(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    former = first_version(tmp_path)
    made = publish(tmp_path, 2, build_segments([village(200, "新")]))
    damage(tmp_path / "segments" / made.files[-1].name)
    with pytest.raises(SnapshotDamaged, match=made.files[-1].sha256):
        Snapshot.open(tmp_path)
    intact = Snapshot.open_intact(tmp_path)
    assert (intact.version, intact.villages.find(*middle(200)).items[0].name) == (1, "网格1")
    damage(tmp_path / "segments" / former.files[0].name)
    with pytest.raises(SnapshotDamaged):
        Snapshot.open_intact(tmp_path)


@pytest.mark.parametrize("damage", [damage_byte, cut_short, Path.unlink])
def test_a_damaged_manifest_is_refused_and_its_copy_served(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    first_version(tmp_path)
    publish(tmp_path, 2, build_segments([village(200, "新")]))
    damage(tmp_path / "manifest.json")
    with pytest.raises((SnapshotDamaged, NotFound)):
        Snapshot.open(tmp_path)
    assert Snapshot.open_intact(tmp_path).version == 2
    damage(tmp_path / "manifests" / "2.json")
    assert Snapshot.open_intact(tmp_path).version == 1


def test_without_a_snapshot_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Snapshot.open_intact(tmp_path)


def test_damage_in_a_file_that_was_trusted_is_seen(tmp_path: Path) -> None:
    first_version(tmp_path)
    assert Snapshot.open(tmp_path).version == 1
    damage_byte(segment_file(tmp_path))
    with pytest.raises(SnapshotDamaged, match="not what was written"):
        Snapshot.open(tmp_path)


def test_a_copied_snapshot_is_checked_once_and_read(tmp_path: Path) -> None:
    first_version(tmp_path / "here")
    there = tmp_path / "there"
    (there / "segments").mkdir(parents=True)
    (there / "manifest.json").write_bytes((tmp_path / "here" / "manifest.json").read_bytes())
    (there / "segments" / segment_file(tmp_path / "here").name).write_bytes(
        segment_file(tmp_path / "here").read_bytes()
    )
    assert codes_at(there, *middle(200)) == ["623022101200001"]
    damage_byte(segment_file(there))
    with pytest.raises(SnapshotDamaged):
        Snapshot.open(there)


def test_all_is_built_anew_over_a_damaged_snapshot(tmp_path: Path) -> None:
    first_version(tmp_path)
    damage_byte(tmp_path / "manifest.json")
    with pytest.raises(SnapshotDamaged):
        publish(tmp_path, 2, build_segments([village(200)]))
    replace_all(tmp_path, 2, build_files([village(200, "重建")]))
    assert Snapshot.open(tmp_path).villages.find(*middle(200)).items[0].name == "重建1"


def test_a_publish_that_fails_leaves_the_served_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first_version(tmp_path)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("write_segments", "place_file"):
        with monkeypatch.context() as patched:
            patched.setattr(manifests, name, no_space)
            with pytest.raises(OSError, match="No space"):
                publish(tmp_path, 2, build_segments([village(200, "新")]))
        assert Snapshot.open(tmp_path).version == 1
    assert publish(tmp_path, 2, build_segments([village(200, "新")])).version == 2
    assert not list((tmp_path / "segments").glob("unfinished-*"))


def test_another_format_is_refused(tmp_path: Path) -> None:
    made = first_version(tmp_path)
    text = replace(made, version=2).to_json()
    with pytest.raises(SnapshotDamaged):
        Manifest.from_json(text.replace(f'"format": {FORMAT_VERSION}', f'"format": {FORMAT_VERSION + 1}'))
    folder = tmp_path / "segments"
    stranger = folder / "stranger.arrow"
    with pa.OSFile(str(stranger), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("a", pa.int64())])) as writer:
        writer.write_table(pa.table({"a": [1]}))
    entry = FileEntry(checksum(stranger), stranger.stat().st_size, 1)
    stranger.rename(folder / entry.name)
    with pytest.raises(SnapshotDamaged, match="another format"):
        read_segments(folder, entry)


def test_anyone_can_read_the_file_and_see_its_system(tmp_path: Path) -> None:
    first_version(tmp_path)
    table = pa.ipc.open_file(str(segment_file(tmp_path))).read_all()
    assert table.schema.metadata[b"gridmap.crs"].decode() == CRS
    assert table["code"].to_pylist() == ["623022101200", "623022101201", "623022101202"]
    assert table["codes"][0].as_py() == ["623022101200001", "623022101200002", "623022101200003"]


def test_arrays_are_mapped_not_read(tmp_path: Path) -> None:
    made = first_version(tmp_path)
    before = pa.total_allocated_bytes()
    index = to_index(read_segments(tmp_path / "segments", made.files[0]))
    assert pa.total_allocated_bytes() - before < 4096
    assert not index.vertices.flags.owndata


def test_the_same_segments_give_the_same_file(tmp_path: Path) -> None:
    forward = first_version(tmp_path / "a", (200, 201))
    backward = first_version(tmp_path / "b", (201, 200))
    assert forward.files == backward.files


@pytest.mark.parametrize(
    "sources",
    [
        [],
        [village(200), village(200)],
        [layer("beats", "B1", "B1")],
        [replace(village(200), shapes=[])],
    ],
)
def test_what_makes_no_segment_is_refused(sources: list[SegmentSource]) -> None:
    with pytest.raises(InvalidInput):
        build_segments(sources)
