"""The manifest: which segment files make up a dataset version; renamed into place, so that it is whole or absent.

The folder of a snapshot::

    manifest.json          the version that is served
    manifests/17.json      every version that is kept
    segments/SHA256.arrow  the files that they name

A publish writes one file with its villages' segments and a manifest that names it after the others: of two segments of
one code the later file's counts. Small files are joined as they gather, so that there are never many.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from gridmap.errors import Conflict, SnapshotDamaged
from gridmap.snapshot.segment import CRS, FORMAT_VERSION, FileEntry, Kind, place_file, read_segments, write_segments

KEPT_VERSIONS, KEPT_DAYS = 20, 7
"""A manifest stays while it is one of so many newest, or younger than so many days."""
_JOIN_UP_TO_BYTES = 32 << 20
"""Larger files are left alone by a publish, which must not take long."""
_JOIN_RATIO = 4

SegmentKey = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a snapshot was read from, so that it is known when it is of another database or another past.

    `published_at` is when the version was published. `reached` says which transactions it has seen, for changes that
    raise no version (see `PlaceChange`).
    """

    database: str = ""
    published_at: datetime | None = None
    reached: str = ""

    def to_row(self) -> dict[str, Any]:
        """As the manifest has it."""
        when = None if self.published_at is None else self.published_at.isoformat()
        return {"database": self.database, "published_at": when, "reached": self.reached}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """From the manifest."""
        when = row["published_at"]
        return cls(row["database"], None if when is None else datetime.fromisoformat(when), row["reached"])


@dataclass(frozen=True, slots=True)
class Manifest:
    """A dataset version, and the files that hold it, later ones over earlier ones."""

    version: int
    written_at: datetime
    files: tuple[FileEntry, ...]
    removed: frozenset[SegmentKey] = frozenset()
    """Segments that stand in a file but are no more: a village that was dissolved, a layer that was dropped."""
    origin: Origin = Origin()
    mark: str = ""
    """A short digest of all the above but the time: it tells one state from another also within a version."""

    def to_json(self) -> str:
        """The manifest's text, with a checksum of itself."""
        body = {
            "format": FORMAT_VERSION,
            "crs": CRS,
            "version": self.version,
            "written_at": self.written_at.isoformat(),
            "origin": self.origin.to_row(),
            "files": [asdict(entry) for entry in self.files],
            "removed": sorted(self.removed),
        }
        return json.dumps({**body, "sha256": _digest(body)}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises SnapshotDamaged for what `to_json` did not write, or another format."""
        try:
            body: dict[str, Any] = json.loads(text)
            told = body.pop("sha256")
            if told != _digest(body):
                raise SnapshotDamaged("the snapshot's manifest is not what was written")
            if (body["format"], body["crs"]) != (FORMAT_VERSION, CRS):
                raise SnapshotDamaged(f"the snapshot has format {body['format']}, this gridmap reads {FORMAT_VERSION}")
            return cls(
                version=body["version"],
                written_at=datetime.fromisoformat(body["written_at"]),
                files=tuple(FileEntry(**entry) for entry in body["files"]),
                removed=frozenset((kind, code) for kind, code in body["removed"]),
                origin=Origin.from_row(body["origin"]),
                mark=_digest([body["version"], body["files"], body["removed"]])[:12],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotDamaged("the snapshot's manifest can't be read") from error


def segments_folder(home: Path) -> Path:
    """Where the segment files lie."""
    return home / "segments"


def read_manifest(home: Path, version: int | None = None) -> Manifest | None:
    """The manifest that is served, or that of a version that is kept; None when there is none.

    Raises SnapshotDamaged.
    """
    path = home / "manifest.json" if version is None else _path(home, version)
    try:
        return Manifest.from_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(f"{path.name} can't be read: {error}") from error


def kept_versions(home: Path) -> list[int]:
    """The versions whose manifests are kept, the newest first."""
    found = (path.stem for path in (home / "manifests").glob("*.json"))
    return sorted((int(stem) for stem in found if stem.isdecimal()), reverse=True)


def publish(
    home: Path,
    version: int,
    changed: pa.Table | Sequence[pa.Table] | None,
    *,
    removed: Sequence[SegmentKey] = (),
    origin: Origin | None = None,
    now: datetime | None = None,
) -> Manifest:
    """Makes a version of the one before, with these segments put in and those taken out; it is served at once.

    Raises Conflict for a version that is not newer than the one that is served (or the same one that has reached
    further), SnapshotDamaged when that can't be read: then all is to be built anew with `replace_all`.
    """
    with _writing(home):
        former = read_manifest(home) or Manifest(0, datetime.now(UTC), ())
        source = origin or former.origin
        _check_newer(former, version, source.reached)
        files, gone = former.files, former.removed | set(removed)
        for table in [changed] if isinstance(changed, pa.Table) else changed or ():
            if table.num_rows:
                written = write_segments(segments_folder(home), table)
                # The same file again counts as the newest: what came between is undone.
                files = (*(entry for entry in files if entry != written), written)
                gone -= set(zip(table["kind"].to_pylist(), table["code"].to_pylist(), strict=True))
        made = _joined(home, Manifest(version, now or datetime.now(UTC), files, frozenset(gone), source))
        return _put(home, made)


def replace_all(
    home: Path,
    version: int,
    tables: Iterable[pa.Table],
    *,
    origin: Origin | None = None,
    now: datetime | None = None,
    whatever_was: bool = False,
) -> Manifest:
    """Makes a version of these segments alone, a file for each table, and serves it. The former one may be damaged.

    Raises Conflict for a version older than the one that is served, unless `whatever_was` says that this one is of
    another database or another past, whose manifests are then removed.
    """
    with _writing(home):
        try:
            former = read_manifest(home)
        except SnapshotDamaged:
            former = None
        if former is not None and version < former.version and not whatever_was:
            _check_newer(former, version, "")
        files = tuple(write_segments(segments_folder(home), table) for table in tables if table.num_rows)
        if whatever_was:
            for old in kept_versions(home):
                _path(home, old).unlink(missing_ok=True)
        return _put(home, Manifest(version, now or datetime.now(UTC), files, origin=origin or Origin()))


def _check_newer(former: Manifest, version: int, reached: str) -> None:
    if version < former.version or (version == former.version and reached == former.origin.reached):
        raise Conflict(f"the snapshot already has version {former.version}, {version} is not newer")


def live_rows(manifest: Manifest, tables: Sequence[pa.Table]) -> list[list[bool]]:
    """For each file's segments whether they count: the last of their code, and not removed."""
    seen: set[SegmentKey] = set(manifest.removed)
    live: list[list[bool]] = []
    for table in reversed(tables):
        keys = list(zip(table["kind"].to_pylist(), table["code"].to_pylist(), strict=True))
        live.append([key not in seen for key in keys])
        seen.update(keys)
    return live[::-1]


def _joined(home: Path, manifest: Manifest) -> Manifest:
    """The same with the newest files of each content in one, back to one that is much larger than they together."""
    joining = [group for group in map(_newest_to_join, _by_content(manifest.files)) if len(group) > 1]
    if not joining:
        return manifest
    tables = {entry: read_segments(segments_folder(home), entry) for entry in manifest.files}
    live = dict(zip(tables, live_rows(manifest, list(tables.values())), strict=True))
    files = list(manifest.files)
    for group in joining:
        kept = pa.concat_tables([tables[entry].filter(pa.array(live[entry], pa.bool_())) for entry in group])
        files = [entry for entry in files if entry not in group]
        if kept.num_rows:
            files.append(write_segments(segments_folder(home), kept))
    return replace(manifest, files=tuple(files))


def _by_content(files: Sequence[FileEntry]) -> list[list[FileEntry]]:
    """Those of each content together, in their order: segments of different contents never have one key."""
    contents = dict.fromkeys(entry.content for entry in files)
    return [[entry for entry in files if entry.content == content] for content in contents]


def _newest_to_join(files: Sequence[FileEntry]) -> Sequence[FileEntry]:
    """The newest files that are worth joining."""
    first = len(files) - 1
    gathered = files[first].size if files else 0
    while first > 0 and files[first - 1].size <= min(_JOIN_RATIO * gathered, _JOIN_UP_TO_BYTES):
        first -= 1
        gathered += files[first].size
    return files[max(first, 0) :]


def _put(home: Path, manifest: Manifest) -> Manifest:
    _write(_path(home, manifest.version), manifest)
    _write(home / "manifest.json", manifest)
    _forget(home, manifest)
    return Manifest.from_json(manifest.to_json())


def _write(path: Path, manifest: Manifest) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(manifest.to_json())
    place_file(unfinished, path)


def _forget(home: Path, newest: Manifest) -> None:
    """Removes manifests that are kept no longer, and the files that none names. Whoever has one mapped keeps it."""
    named = {entry.name for entry in newest.files}
    for at, version in enumerate(kept_versions(home)):
        try:
            manifest = read_manifest(home, version)
        except SnapshotDamaged:
            manifest = None
        old = manifest is None or newest.written_at - manifest.written_at > timedelta(days=KEPT_DAYS)
        if version != newest.version and ((at >= KEPT_VERSIONS and old) or manifest is None):
            _path(home, version).unlink(missing_ok=True)
        elif manifest is not None:
            named |= {entry.name for entry in manifest.files}
    for path in segments_folder(home).glob("*"):
        if path.with_suffix(".arrow").name not in named:
            path.unlink(missing_ok=True)


def _path(home: Path, version: int) -> Path:
    return home / "manifests" / f"{version}.json"


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    """One writer at a time, of all processes; a writer that dies leaves no lock."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
