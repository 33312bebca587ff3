"""Files laid out safely in a temporary folder: archives are unpacked under limits, nothing outside is ever touched."""

import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gridmap.errors import InvalidInput
from gridmap.sentences import say

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. Surveyors' text compresses up to 30-fold; bombs begin where 200-fold is passed."""

    file_bytes: int = 1024 * _MIB
    unpacked_bytes: int = 2048 * _MIB
    entries: int = 10_000
    ratio: int = 200
    ratio_from_bytes: int = 16 * _MIB


DEFAULT_LIMITS = Limits()


def check_size(path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raises InvalidInput when there is no such file or it is too large to be read at once."""
    if not path.exists():
        raise InvalidInput(say("no_file", "There is no file {path}.", path=path))
    if path.is_file() and path.stat().st_size > limits.file_bytes:
        raise InvalidInput(
            say(
                "file_too_large",
                "{name} has more than {most} MiB; hand it over in parts.",
                name=path.name,
                most=limits.file_bytes // _MIB,
            )
        )
    if path.is_file() and path.stat().st_size == 0:
        raise InvalidInput(say("file_empty", "{name} is empty.", name=path.name))


@contextmanager
def unpacked(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Path]:
    """A temporary folder with the archive's files, removed afterwards.

    Raises InvalidInput for damaged or encrypted archives, archives in archives, names that lead outside, links, and
    what grows beyond the limits while it is unpacked, whatever its directory claims.
    """
    with tempfile.TemporaryDirectory(prefix="gridmap-import-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, Path(folder), path.name, limits)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
            raise InvalidInput(
                say("archive_damaged", "{name} is a damaged archive: {error}.", name=path.name, error=error)
            ) from error
        except RuntimeError as error:
            raise InvalidInput(
                say("archive_locked", "{name} is locked with a password; hand it over without.", name=path.name)
            ) from error
        yield Path(folder)


def check_archive(path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raises InvalidInput when unpacking would pass the limits; for formats that are archives inside (.xlsx)."""
    with unpacked(path, limits):
        pass


def _unpack(archive: zipfile.ZipFile, folder: Path, name: str, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise InvalidInput(
            say(
                "archive_many_files",
                "{name} holds {count} files, more than {most}.",
                name=name,
                count=len(entries),
                most=limits.entries,
            )
        )
    room = limits.unpacked_bytes
    for entry in entries:
        place = _place(entry, name)
        if entry.is_dir() or "__MACOSX" in place.parts:
            continue
        target = folder.joinpath(*place.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise InvalidInput(say("archive_twice", "{name} holds {place} twice.", name=name, place=place))
        room -= _write(archive, entry, target, name, min(room, _most(entry, limits)))


def _place(entry: zipfile.ZipInfo, name: str) -> PurePosixPath:
    """Where the entry goes, below the folder."""
    text = entry.filename
    if not entry.flag_bits & 0x800:
        # Without the UTF-8 flag the bytes were read as code page 437; in China they are GBK.
        raw = text.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030", "cp437"):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            break
    place = PurePosixPath(text.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in text or "\0" in text or not place.parts:
        raise InvalidInput(
            say(
                "archive_path_outside",
                "{name} holds a file whose name leads outside the archive: {text!r}.",
                name=name,
                text=text,
            )
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise InvalidInput(
            say("archive_link", "{name} holds a link ({text!r}), which is not followed.", name=name, text=text)
        )
    return place


def _most(entry: zipfile.ZipInfo, limits: Limits) -> int:
    """The most bytes that an entry may become, from what it takes in the archive."""
    return max(limits.ratio_from_bytes, entry.compress_size * limits.ratio)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, name: str, most: int) -> int:
    written = 0
    with archive.open(entry) as source, target.open("wb") as sink:
        while block := source.read(_MIB):
            written += len(block)
            if written > most:
                message = say(
                    "archive_bomb",
                    "{name}: {filename} grows beyond what an honest file would; it is not unpacked.",
                    name=name,
                    filename=entry.filename,
                )
                raise InvalidInput(message)
            sink.write(block)
    return written
