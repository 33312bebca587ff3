"""Bringing a home's snapshot to what the database says: after a publish, at a start, and whenever it fell behind.

What has changed is read from the database, from the versions that its rows carry and the places that its triggers
noted, never from what a publisher says of itself: so nothing is missed whoever published, and a process that is
killed between its commit and the manifest leaves nothing to repair but the next catching up.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.db.engine import reading, transaction
from gridmap.db.lock import locked
from gridmap.db.versions import (
    DatabaseState,
    forget_place_changes,
    places_changed,
    published_at,
    read_state,
)
from gridmap.errors import SnapshotDamaged
from gridmap.snapshot.groups import Groups
from gridmap.snapshot.layer_items import LayerItems
from gridmap.snapshot.manifest import (
    Manifest,
    Origin,
    SegmentKey,
    kept_versions,
    publish,
    read_manifest,
    replace_all,
    segments_folder,
)
from gridmap.snapshot.parts import Changes, Divisions, Layers, Part, Villages
from gridmap.snapshot.reader import live_keys
from gridmap.snapshot.segment import read_segments
from gridmap.snapshot.served import LOOK_EVERY_S

log = logging.getLogger(__name__)

PARTS: tuple[Part, ...] = (Villages(), Groups(), Divisions(), Layers(), LayerItems())
NOTES_KEPT = timedelta(days=30)
"""For so long places that changed are remembered in the database; a snapshot that is older is built anew."""

Say = Callable[[str], None]


def snapshot_folder(home: Path) -> Path:
    """Where an installation's snapshot lies in its home."""
    return home / "snapshot"


def is_behind(session: Session, manifest: Manifest | None) -> bool:
    """Whether the database has anything that a snapshot has not; a short question, for asking often."""
    state = read_state(session)
    if manifest is None or not _is_past_of(session, manifest, state) or manifest.version != state.version:
        return True
    return bool(places_changed(session, manifest.origin.reached))


def is_of(engine: Engine, folder: Path) -> bool:
    """Whether a snapshot was made of this database; also when it is damaged, so that it can be mended."""
    try:
        manifest = read_manifest(folder)
    except SnapshotDamaged:
        return True
    with transaction(reading(engine)) as session:
        return manifest is not None and manifest.origin.database == read_state(session).database


def catch_up(engine: Engine, folder: Path, *, anew: bool = False, say: Say = lambda _: None) -> Manifest:
    """Brings the snapshot up to the database and returns its manifest; `anew` builds all of it whatever there is.

    Of all processes of a home one builds, the others wait for it. A damaged snapshot is built anew, as is one of
    another database. Raises DatabaseUnavailable, and OSError when the disk refuses; then the former state is served.
    """
    if not anew:
        with transaction(reading(engine)) as session:
            step = _next_step(session, folder)
        if step is None:
            # Perhaps since just now, by another.
            _let_all_look()
            return _present(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder / "build.lock"):
        # Behind the lock: another process may have done it meanwhile.
        with transaction(reading(engine)) as session:
            step = _next_step(session, folder, anew=anew)
            made = _present(folder) if step is None else step.take(session, folder, say)
        if step is not None:
            with transaction(engine) as session:
                forget_place_changes(session, datetime.now(UTC) - NOTES_KEPT)
            _let_all_look()
    return made


def _let_all_look() -> None:
    """Whoever looked just before a manifest came has looked again when this is over."""
    time.sleep(2 * LOOK_EVERY_S)


def _present(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    if manifest is None:
        raise SnapshotDamaged("the snapshot's manifest was removed just now")
    return manifest


@dataclass(frozen=True, slots=True)
class _Step:
    """What is to be done: from a manifest that is sound, or from nothing."""

    state: DatabaseState
    former: Manifest | None
    same_past: bool
    places: frozenset[str]

    def take(self, session: Session, folder: Path, say: Say) -> Manifest:
        """Writes what is new."""
        origin = Origin(self.state.database, self.state.published_at, self.state.reached)
        if self.former is None:
            say("the snapshot is built from the database")
            whole = chain.from_iterable(_whole(part, session) for part in PARTS)
            return replace_all(folder, self.state.version, whole, origin=origin, whatever_was=not self.same_past)
        tables, removed = self._changed(session, folder, self.former)
        return publish(folder, self.state.version, tables, removed=removed, origin=origin)

    def _changed(self, session: Session, folder: Path, former: Manifest) -> tuple[list[pa.Table], list[SegmentKey]]:
        changes = Changes(former.version, self.places)
        keys = live_keys(former, [read_segments(segments_folder(folder), entry) for entry in former.files])
        tables: list[pa.Table] = []
        removed: list[SegmentKey] = []
        for part in PARTS:
            written = {code for kind, code in keys if kind == part.kind}
            if former.version == self.state.version:
                # Without a new version no segment comes or goes, and only places can have changed.
                wanted = part.changed_since(session, changes) & written
            else:
                there = part.codes(session)
                wanted = part.changed_since(session, changes) & there | there - written
                removed += [(part.kind, code) for code in sorted(written - there)]
            if wanted:
                tables += part.tables(session, wanted)
        return [table for table in tables if table.num_rows], removed


def _whole(part: Part, session: Session) -> Iterator[pa.Table]:
    codes = part.codes(session)
    return part.tables(session, codes) if codes else iter(())


def _next_step(session: Session, folder: Path, *, anew: bool = False) -> _Step | None:
    """What brings the snapshot to the state that the session sees; None when it is there."""
    state = read_state(session)
    try:
        former = read_manifest(folder)
        if former is not None:
            check_files(folder, former)
    except SnapshotDamaged as damage:
        log.warning("%s; it is built anew", damage.detail)
        return _Step(state, None, same_past=_is_past_kept(session, folder, state), places=frozenset())
    same_past = former is not None and _is_past_of(session, former, state)
    if former is None or not same_past or anew:
        return _Step(state, None, same_past=same_past, places=frozenset())
    if datetime.now(UTC) - former.written_at > NOTES_KEPT:
        return _Step(state, None, same_past=True, places=frozenset())
    places = places_changed(session, former.origin.reached)
    if former.version == state.version and not places:
        return None
    return _Step(state, former, same_past=True, places=frozenset(places))


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raises SnapshotDamaged when a file that a manifest names is not there as it was written."""
    for entry in manifest.files:
        read_segments(segments_folder(folder), entry)


def _is_past_kept(session: Session, folder: Path, state: DatabaseState) -> bool:
    """Whether the older manifests beside a damaged one are of this database: the first that can be read tells."""
    for version in kept_versions(folder):
        try:
            kept = read_manifest(folder, version)
        except SnapshotDamaged:
            continue
        return kept is not None and _is_past_of(session, kept, state)
    return False


def _is_past_of(session: Session, former: Manifest, state: DatabaseState) -> bool:
    """Whether a snapshot was read from this database, and from a version that is still one of its versions."""
    if former.origin.database != state.database or former.version > state.version:
        return False
    return former.version == 0 or published_at(session, former.version) == former.origin.published_at
