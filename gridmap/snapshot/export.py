"""A snapshot as one file, for other machines: a tar archive of manifest and segment files, mapped where they lie."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pyarrow as pa

from gridmap.errors import InvalidInput, NotFound, SnapshotDamaged
from gridmap.snapshot.manifest import Manifest, read_manifest, segments_folder
from gridmap.snapshot.segment import checked_format, place_file, read_segments

_MANIFEST = "manifest.json"


def export_file(home: Path, file: Path, version: int | None = None) -> Manifest:
    """Writes the served version, or one that is kept, into a file that is whole or not there.

    Raises NotFound, SnapshotDamaged, InvalidInput.

    Whom its folder lets read it can read it all; keys are not in it.
    """
    manifest = read_manifest(home, version)
    if manifest is None:
        raise NotFound("there is no snapshot yet; `gridmap snapshot build` makes one")
    for entry in manifest.files:
        read_segments(segments_folder(home), entry)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        _write(home, manifest, unfinished)
        place_file(unfinished, file)
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _write(home: Path, manifest: Manifest, file: Path) -> None:
    text = manifest.to_json().encode()
    file.touch(mode=0o600)
    with tarfile.open(file, "w:", format=tarfile.PAX_FORMAT) as archive:
        head = tarfile.TarInfo(_MANIFEST)
        head.size, head.mtime = len(text), int(manifest.written_at.timestamp())
        archive.addfile(head, io.BytesIO(text))
        for entry in manifest.files:
            archive.add(segments_folder(home) / entry.name, f"segments/{entry.name}", filter=_nobodys)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def read_export(file: Path) -> tuple[Manifest, list[pa.Table]]:
    """The manifest and the tables of an exported file, mapped. Raises NotFound, SnapshotDamaged."""
    try:
        with tarfile.open(file, "r:") as archive:
            members = {member.name: member for member in archive.getmembers()}
            head = archive.extractfile(_MANIFEST)
            manifest = Manifest.from_json("" if head is None else head.read().decode())
        mapped = pa.memory_map(str(file)).read_buffer()
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.") from None
    except (OSError, tarfile.TarError, KeyError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(f"{file} is no snapshot that gridmap exported, or not all of it.") from error
    tables = []
    for entry in manifest.files:
        member = members.get(f"segments/{entry.name}")
        if member is None or member.size != entry.size or member.offset_data + entry.size > mapped.size:
            raise SnapshotDamaged(f"{file} is not all of a snapshot: {entry.name} is missing or cut short.")
        part = mapped.slice(member.offset_data, entry.size)
        if hashlib.sha256(part).hexdigest() != entry.sha256:
            raise SnapshotDamaged(f"{file} is damaged: {entry.name} is not what was written.")
        tables.append(checked_format(pa.ipc.open_file(pa.BufferReader(part)).read_all(), entry))
    return manifest, tables
