"""Reading every byte of a snapshot: what the notes of checked files save every other reader."""

from pathlib import Path

from gridmap.errors import NotFound, SnapshotDamaged
from gridmap.snapshot.manifest import kept_versions, read_manifest, segments_folder
from gridmap.snapshot.segment import FileEntry, checksum, read_segments


def verify_all(folder: Path) -> tuple[int, int, int]:
    """How many manifests, files and bytes there are, all of them sound.

    Raises SnapshotDamaged that names the first that is not, NotFound without a snapshot.
    """
    served = read_manifest(folder)
    if served is None:
        raise NotFound("there is no snapshot yet; `gridmap snapshot build` makes one")
    kept = [read_manifest(folder, version) for version in kept_versions(folder)]
    files: dict[str, FileEntry] = {}
    for manifest in (served, *kept):
        if manifest is not None:
            files |= {entry.name: entry for entry in manifest.files}
    for name, entry in files.items():
        read_segments(segments_folder(folder), entry)
        if checksum(segments_folder(folder) / name) != entry.sha256:
            raise SnapshotDamaged(f"the segment file {name} is not what was written")
    return len(kept), len(files), sum(entry.size for entry in files.values())
