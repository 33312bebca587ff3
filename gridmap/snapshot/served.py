"""The snapshot that a process serves: that of the manifest which lies in the folder now, whoever put it there."""

import contextlib
import logging
import os
import threading
from datetime import datetime
from pathlib import Path
from time import monotonic

from gridmap.errors import NotFound, SnapshotDamaged
from gridmap.snapshot.manifest import kept_versions, read_manifest
from gridmap.snapshot.reader import Snapshot

LOOK_EVERY_S = 0.002
log = logging.getLogger(__name__)


class Served:
    """Opens the snapshot of a folder, and opens it again when its manifest was renamed into place. Thread-safe.

    To look is one `stat`, so that every request can: what a publisher has put there before it returned is answered by
    every worker from then on. A publisher stays a little longer than nobody looks (`catch_up`).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = os.fspath(folder / "manifest.json")
        self._seen: tuple[int, int] | None = None
        self._look_again = 0.0
        self._snapshot: Snapshot | None = None
        self._kept: dict[int, Snapshot] = {}
        self._times: dict[int, datetime] = {}
        self._opening = threading.Lock()
        self.damaged = False
        """Whether what lies there can't be read, so that the one before is served."""

    def current(self) -> Snapshot | None:
        """The newest that is sound; None while there is none."""
        now = monotonic()
        if now < self._look_again and self._snapshot is not None:
            return self._snapshot
        found = self._looked()
        # Only now: whoever comes while what was found is being opened waits for it, and is not told the former.
        self._look_again = now + LOOK_EVERY_S
        return found

    def _looked(self) -> Snapshot | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - in every request, or nearly
        except OSError:
            # Somebody is tidying up: what is mapped can still be read.
            return self._snapshot or self._opened(None)
        seen = (found.st_ino, found.st_mtime_ns)
        return self._snapshot if seen == self._seen else self._opened(seen)

    def kept(self, version: int) -> Snapshot | None:
        """An older version whose manifest is kept; None when it is not, or damaged."""
        if version not in self._kept:
            try:
                self._kept = {version: Snapshot.open(self.folder, version)}
            except (NotFound, SnapshotDamaged):
                return None
        return self._kept.get(version)

    def at(self, instant: datetime) -> Snapshot | None:
        """The snapshot of what was true at a time; None when it is not kept, or not known to be that one.

        Of two versions that are kept the older one was true in between when no version came between them.
        """
        newest = self.current()
        if newest is None:
            return None
        begun = self._begun(newest)
        for version in sorted(begun, reverse=True):
            if begun[version] <= instant:
                is_known = version == newest.version or version + 1 in begun
                return (newest if version == newest.version else self.kept(version)) if is_known else None
        return None

    def _begun(self, newest: Snapshot) -> dict[int, datetime]:
        """When each version that is kept was published."""
        if newest.version not in self._times:
            found = {}
            for version in kept_versions(self.folder):
                with contextlib.suppress(SnapshotDamaged):
                    manifest = read_manifest(self.folder, version)
                    if manifest is not None and manifest.origin.published_at is not None:
                        found[version] = manifest.origin.published_at
            self._times = found
        return self._times

    def _opened(self, seen: tuple[int, int] | None) -> Snapshot | None:
        with self._opening:
            if seen is not None and seen == self._seen:
                return self._snapshot
            try:
                self._snapshot = Snapshot.open(self.folder)
                self.damaged = False
            except (SnapshotDamaged, NotFound) as trouble:
                self._fall_back(trouble)
            self._seen = seen
            return self._snapshot

    def _fall_back(self, trouble: SnapshotDamaged | NotFound) -> None:
        """The former state goes on being served; after a start, the newest kept one that is sound."""
        self.damaged = isinstance(trouble, SnapshotDamaged)
        if self._snapshot is not None:
            log.warning("%s; version %s is still served", trouble.detail, self._snapshot.version)
            return
        try:
            self._snapshot = Snapshot.open_intact(self.folder)
        except (SnapshotDamaged, NotFound):
            return
