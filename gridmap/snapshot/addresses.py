"""The address index as it is served: a mapped file that all workers share, with what changed since laid over it.

It follows the database by the places that its triggers note, and goes on with what it has when that is away::

    addresses/doors.arrow     all doors as of one state, and the names of divisions
    addresses/changed.arrow   the villages that changed since, whole
"""

import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.known_names import Names, make_index
from gridmap.addresses.search.loading import load_doors, load_names
from gridmap.addresses.search.table import Doors, read_doors_file, write_doors
from gridmap.addresses.search.warm import use_all
from gridmap.db.engine import looking, reading, transaction
from gridmap.db.errors import translated
from gridmap.db.versions import DatabaseState, places_changed, read_state
from gridmap.errors import DatabaseUnavailable, GridmapError, SnapshotDamaged

log = logging.getLogger(__name__)

_MOST_CHANGED_ROWS = 50_000
"""With more laid over it, the file is written anew."""


@dataclass(frozen=True, slots=True)
class Served:
    """An index, the dataset version it was read under, and how far into the database it reaches."""

    index: AddressIndex
    version: int
    database: str
    reached: str
    names: Names
    changed: frozenset[str]
    """The villages that are laid over the file."""
    base: str
    """What the file reaches to."""
    made: str
    """What it reached when it was made; it may reach farther since, when nothing of it has changed."""

    @property
    def mark(self) -> str:
        """A short text for an ETag: another one for every other index. No state's, which is numbers."""
        return f"a{self.version}.{crc32(f'{self.database} {self.made}'.encode()):08x}"


class AddressStore:
    """The index of a process. Threads share it: one brings it up to date, the others go on with what there is."""

    def __init__(self, engine: Engine, home: Path | None) -> None:
        """`home` is the folder whose snapshot the files stand beside; nothing is written where it does not exist."""
        self._engine = engine
        self._looking = looking(engine)
        self._folder = home / "snapshot" / "addresses" if home is not None and home.is_dir() else None
        self._served: Served | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def file(self) -> Path | None:
        """The file that processes share; None where none is kept."""
        path = None if self._folder is None else self._folder / "doors.arrow"
        return path if path is not None and path.exists() else None

    def start(self, first: Callable[[], None]) -> None:
        """Makes the index ready in the background, so that not even the first who asks has to wait for it.

        `first` has the loops compiled: not in this process, where nobody would be answered meanwhile.
        """
        self._thread = threading.Thread(target=self._warm, args=(first,), name="addresses", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for what `start` began."""
        if self._thread is not None:
            self._thread.join()

    def _warm(self, first: Callable[[], None]) -> None:
        first()
        try:
            served = self.current()
        except (GridmapError, OSError) as error:
            log.info("the addresses are not ready yet: %s", error)
            return
        use_all(served.index)
        # The index stays: a collection that walked all of it would hold up whoever asks just then.
        gc.collect()
        gc.freeze()

    def current(self) -> Served:
        """The index as of every change that was committed before this was asked.

        While the database is away, the last there is. Raises DatabaseUnavailable when there never was one.
        """
        try:
            served = self._served
            reached = None if served is None else self._still(served)
            if served is not None and reached is not None:
                return self._seen(served, reached)
            with self._lock:
                return self._follow()
        except DatabaseUnavailable:
            return self.last()

    def _still(self, served: Served) -> str | None:
        """How far into the database an index reaches that nothing has changed since; None for one that is behind."""
        with translated(), self._looking.connect() as connection:
            state = read_state(connection)
            return None if self._is_behind(connection, served, state) else state.reached

    def _seen(self, served: Served, reached: str) -> Served:
        """Notes that nothing has changed up to here, so that the next need not look again; unless somebody is busy."""
        if served.reached != reached and self._lock.acquire(blocking=False):
            try:
                if self._served is served:
                    self._served = served = replace(served, reached=reached)
            finally:
                self._lock.release()
        return served

    def _follow(self) -> Served:
        """Reads what changed, and lays it over with no transaction open: an index takes its time to be made."""
        served = self._served or self._read_files()
        with transaction(reading(self._engine)) as session:
            state = read_state(session)
            if served is None or served.database != state.database or served.version > state.version:
                made = self._whole(session, state)
            elif self._is_behind(session, served, state):
                made = self._brought_on(session, state, served)
            else:
                made = partial(_as_it_is, served)
        self._served = made()
        return self._served

    def _is_behind(self, session: Session | Connection, served: Served, state: DatabaseState) -> bool:
        if served.database != state.database or served.version != state.version:
            return True
        return served.reached != state.reached and bool(places_changed(session, served.reached))

    def _whole(self, session: Session, state: DatabaseState) -> Callable[[], Served]:
        return partial(self._anew, state, load_names(session), load_doors(session))

    def _anew(self, state: DatabaseState, names: Names, table: pa.Table) -> Served:
        if self._folder is not None:
            table = self._kept(self._folder / "doors.arrow", table, state, names, base=state.reached)
            (self._folder / "changed.arrow").unlink(missing_ok=True)
        index = make_index(names, [Doors(table)], frozenset(), None)
        return Served(index, state.version, state.database, state.reached, names, frozenset(), state.reached,
                      state.reached)  # fmt: skip

    def _brought_on(self, session: Session, state: DatabaseState, served: Served) -> Callable[[], Served]:
        """The villages that changed since the file was written are read again, all of them, and laid over it."""
        changed = frozenset(served.changed | places_changed(session, served.reached))
        names = load_names(session)
        table = load_doors(session, changed) if changed else None
        if table is not None and table.num_rows > _MOST_CHANGED_ROWS:
            return self._whole(session, state)
        return partial(self._laid_over, state, served, names, changed, table)

    def _laid_over(
        self, state: DatabaseState, served: Served, names: Names, changed: frozenset[str], table: pa.Table | None
    ) -> Served:
        same = names.places == served.names.places
        base = served.index.parts[0]
        parts = [base] if table is None else [base, Doors(table)]
        index = make_index(names if not same else replace(names, places=served.names.places), parts, changed,
                       served.index if same else None)  # fmt: skip
        if self._folder is not None and table is not None:
            self._kept(self._folder / "changed.arrow", table, state, names, base=served.base, changed=changed)
        return Served(index, state.version, state.database, state.reached, names, changed, served.base, state.reached)

    def _kept(
        self, path: Path, table: pa.Table, state: DatabaseState, names: Names, *, base: str,
        changed: frozenset[str] = frozenset(),
    ) -> pa.Table:  # fmt: skip
        """Writes a file and maps it; where the disk refuses, the table is used as it is."""
        facts = {
            "version": state.version, "database": state.database, "reached": state.reached, "base": base,
            "changed": sorted(changed), **names.to_json(),
        }  # fmt: skip
        try:
            write_doors(path, table, facts)
            return read_doors_file(path)[0]
        except (OSError, SnapshotDamaged):
            return table

    def last(self) -> Served:
        """The last there is, without a look at the database. Raises DatabaseUnavailable when there never was one."""
        with self._lock:
            if self._served is None:
                self._served = self._read_files()
            if self._served is None:
                raise DatabaseUnavailable("The database can't be reached, and no addresses were kept beside it.")
            return self._served

    def _read_files(self) -> Served | None:
        """What an earlier process left; None when there is nothing."""
        if self._folder is None:
            return None
        try:
            table, facts = read_doors_file(self._folder / "doors.arrow")
        except SnapshotDamaged:
            return None
        parts, changed = [Doors(table)], frozenset[str]()
        over = self._read_changed(facts)
        if over is not None:
            more, facts = over
            parts.append(Doors(more))
            changed = frozenset(facts["changed"])
        names = Names.from_json(facts)
        index = make_index(names, parts, changed, None)
        return Served(index, facts["version"], facts["database"], facts["reached"], names, changed, facts["base"],
                      facts["reached"])  # fmt: skip

    def _read_changed(self, facts: dict[str, Any]) -> tuple[pa.Table, dict[str, Any]] | None:
        """The villages laid over the file, if they were written for it."""
        if self._folder is None:
            return None
        try:
            table, over = read_doors_file(self._folder / "changed.arrow")
        except SnapshotDamaged:
            return None
        return (table, over) if over["base"] == facts["reached"] and over["database"] == facts["database"] else None


def _as_it_is(served: Served) -> Served:
    return served
