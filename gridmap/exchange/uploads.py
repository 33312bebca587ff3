"""Files that wait in the installation's home to be looked at and imported: private, bounded, and gone after a day.

Those that tell of persons are gone after an hour, as soon as they are imported, and at once when they hold what no
register keeps.

A folder each, which every worker of the machine sees; nothing of it is in the database or in a backup of it, because
files of groups hold names and phones.
"""

import json
import os
import secrets
import shutil
import threading
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from gridmap.errors import Conflict, InvalidInput, NotFound, TooLarge

_MIB = 1 << 20
_ID_DIGITS = 32
_RECORD = "record.json"
_FILES = "files"


class TooManyUploads(Conflict):
    """The uploads that wait take all the room there is for them."""

    code = "too_many_uploads"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What waiting files may take, and how long they wait."""

    file_bytes: int = 512 * _MIB
    all_bytes: int = 4096 * _MIB
    files: int = 40
    uploads: int = 200
    lasts: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Upload:
    """What waits: whose it is, what it shall become, how it was asked to be read, and how far it has come.

    `digest` is a mark of what the last preview told; `result` what an accepted import did.
    """

    id: str
    owner: str
    kind: str
    files: tuple[str, ...]
    size: int
    created_at: str
    expires_at: str
    options: dict[str, Any] = field(default_factory=dict)
    status: str = "previewed"
    digest: str | None = None
    result: dict[str, Any] | None = None


class UploadStore:
    """The folder of waiting files."""

    def __init__(self, folder: Path, limits: UploadLimits = UploadLimits()) -> None:  # frozen
        self._folder = folder
        self.limits = limits

    def open_new(self) -> str:
        """Room for a new upload; returns its id, which can't be guessed. Raises TooManyUploads."""
        self.sweep()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = list(self._folder.iterdir())
        taken = sum(path.stat().st_size for each in waiting for path in each.rglob("*") if path.is_file())
        if len(waiting) >= self.limits.uploads or taken >= self.limits.all_bytes:
            raise TooManyUploads("Too many files wait to be imported; accept or remove some of them first.")
        upload_id = secrets.token_hex(_ID_DIGITS // 2)
        (self._folder / upload_id / _FILES).mkdir(mode=0o700, parents=True)
        (self._folder / upload_id).chmod(0o700)
        return upload_id

    def create_file(self, upload_id: str, name: str) -> tuple[str, BinaryIO]:
        """A new file of an upload to write to, and its name without anything that leads elsewhere.

        Raises InvalidInput for a name that is none or is there already.
        """
        safe = safe_name(name)
        folder = self._folder / upload_id / _FILES
        if len(list(folder.iterdir())) >= self.limits.files:
            raise TooLarge(f"At most {self.limits.files} files are taken at once; zip them.")
        try:
            descriptor = os.open(folder / safe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InvalidInput(f"There are two files called {safe}.") from None
        return safe, os.fdopen(descriptor, "wb")

    def enter(
        self, upload_id: str, *, owner: str, kind: str, options: dict[str, Any], lasts: timedelta | None = None
    ) -> Upload:
        """The record of an upload whose files are there. One that waits shorter than others is removed in time."""
        files = sorted((self._folder / upload_id / _FILES).iterdir())
        now = datetime.now(UTC)
        upload = Upload(
            upload_id,
            owner,
            kind,
            tuple(path.name for path in files),
            sum(path.stat().st_size for path in files),
            now.isoformat(timespec="seconds"),
            (now + (lasts or self.limits.lasts)).isoformat(timespec="seconds"),
            options,
        )
        self.save(upload)
        if lasts is not None:
            # Nobody may upload anything for days, and what tells of persons must not wait for that.
            timer = threading.Timer(lasts.total_seconds() + 1, self.sweep)
            timer.daemon = True
            timer.start()
        return upload

    def save(self, upload: Upload) -> None:
        """Keeps a record as it is now."""
        self.keep(upload.id, _RECORD, json.dumps(asdict(upload), ensure_ascii=False))

    def get(self, upload_id: str, owner: str) -> Upload:
        """An upload of its owner. Raises NotFound for anybody else's, and for one that has expired."""
        told = self.read(upload_id, _RECORD) if _is_id(upload_id) else None
        upload = None if told is None else _upload(json.loads(told))
        if upload is None or upload.owner != owner or upload.expires_at <= datetime.now(UTC).isoformat():
            raise NotFound("There is no such import; files wait for a day only. Upload it again.")
        return upload

    def list_of(self, owner: str) -> list[Upload]:
        """The uploads of an owner, the newest first."""
        ids = [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []
        found = []
        for upload_id in ids:
            try:
                found.append(self.get(upload_id, owner))
            except NotFound:
                continue
        return sorted(found, key=lambda upload: upload.created_at, reverse=True)

    def path_of(self, upload: Upload) -> Path:
        """The file to read: the only one, or the .shp among its companions. Raises InvalidInput for several."""
        folder = self._folder / upload.id / _FILES
        mains = [name for name in upload.files if not name.lower().endswith(_COMPANIONS)]
        if len(mains) != 1 and len(upload.files) != 1:
            raise InvalidInput(f"One file is wanted, or one shapefile with its companions, not {len(mains)}; zip them.")
        return folder / (mains or upload.files)[0]

    def keep(self, upload_id: str, name: str, text: str) -> None:
        """Writes a text beside the files of an upload, whole or not at all."""
        target = self._folder / upload_id / name
        fresh = target.with_suffix(f".{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(target)

    def read(self, upload_id: str, name: str) -> str | None:
        """A text that was kept, None when there is none."""
        try:
            return (self._folder / upload_id / name).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has_files(self, upload: Upload) -> bool:
        """Whether the files are still there."""
        return (self._folder / upload.id / _FILES).is_dir()

    def drop_files(self, upload: Upload) -> None:
        """Removes the files themselves, which an accepted import needs no more; what it told stays till it expires."""
        shutil.rmtree(self._folder / upload.id / _FILES, ignore_errors=True)

    def remove(self, upload_id: str) -> None:
        """Removes an upload with everything."""
        shutil.rmtree(self._folder / upload_id, ignore_errors=True)

    def sweep(self) -> None:
        """Removes what has expired, and what was begun and never finished."""
        if not self._folder.is_dir():
            return
        now = datetime.now(UTC)
        for path in self._folder.iterdir():
            told = self.read(path.name, _RECORD)
            try:
                begun = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue  # Another worker sweeps too.
            if now > (begun + self.limits.lasts if told is None else _expires(told)):
                self.remove(path.name)


_COMPANIONS = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".fix", ".qpj", ".qmd", ".shp.xml")


def safe_name(name: str) -> str:
    """The last part of a file's name, without what a file system or a terminal would take for more than a name.

    >>> safe_name("../../etc/测绘 成果.zip"), safe_name("C:\\\\data\\\\grids.shp")
    ('测绘 成果.zip', 'grids.shp')
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1]).strip().lstrip(".")
    kept = "".join(character for character in last if character.isprintable() and character not in ':*?"<>|')
    if not kept:
        raise InvalidInput("The file has no name.")
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[:60]}{dot}{suffix[:10]}" if dot else kept[:60]


def _is_id(text: str) -> bool:
    return len(text) == _ID_DIGITS and all(character in "0123456789abcdef" for character in text)


def _upload(told: dict[str, Any]) -> Upload:
    return Upload(**{**told, "files": tuple(told["files"])})


def _expires(told: str) -> datetime:
    return datetime.fromisoformat(json.loads(told)["expires_at"])
