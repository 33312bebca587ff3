"""Where a point is looked up: in the snapshot, in an older one that is kept, or in PostGIS for another past."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from gridmap.api import deps
from gridmap.api.deps import AtQuery, MinVersionQuery, SessionDep
from gridmap.api.offline import get_follower, is_offline
from gridmap.db.instants import parse_instant
from gridmap.db.versions import current_version, state_mark
from gridmap.errors import DatabaseUnavailable, VersionNotReached
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot import locate as finding
from gridmap.snapshot.addresses import AddressStore
from gridmap.snapshot.follower import Follower
from gridmap.snapshot.locate import Located
from gridmap.snapshot.reader import Snapshot


@dataclass(frozen=True, slots=True)
class Locating:
    """One state to look points up in. `version` is the newest that it knows of, also when `at` asks for an older."""

    session: Session
    snapshot: Snapshot | None
    """The one that was true at the time asked for; None when only PostGIS knows that."""
    version: int
    at: datetime | None
    offline: bool
    doors: AddressStore

    @property
    def known(self) -> Snapshot:
        """The snapshot that there is. Raises DatabaseUnavailable when there is none."""
        if self.snapshot is None:
            raise DatabaseUnavailable("The database can't be reached just now, and that time is not kept without it.")
        return self.snapshot

    def find(self, point: LonLat, accuracy_m: float) -> Located:
        """Where a point lies."""
        if self.snapshot is not None:
            return finding.locate_in(self.snapshot, point, accuracy_m=accuracy_m, past=self.at is not None)
        return finding.locate(self.session, point, accuracy_m=accuracy_m, at=self.at)


def get_locating(
    request: Request,
    response: Response,
    session: SessionDep,
    at: AtQuery = None,
    min_version: MinVersionQuery = None,
) -> Locating:
    """The state that a point is looked up in. Sets the ETag; raises NotModified, VersionNotReached."""
    follower, offline = get_follower(request), is_offline(request)
    newest = _await_snapshot(follower, min_version, offline=offline)
    if newest is None and offline:
        raise DatabaseUnavailable("The database can't be reached just now, and there is no snapshot yet.")
    mark = state_mark(session) if newest is None else state_of(newest)
    deps.tag(request, response, mark)
    instant = None if at is None else parse_instant("at", at)
    version = current_version(session) if newest is None else newest.version
    chosen = newest if instant is None else follower.served.at(instant)
    if chosen is None and offline:
        raise DatabaseUnavailable("The database can't be reached just now; what was true then is not told without it.")
    return Locating(session, chosen, version, instant, offline, request.app.state.addresses)


LocatingDep = Annotated[Locating, Depends(get_locating, scope="function")]


def state_of(snapshot: Snapshot) -> str:
    """What tells a snapshot from every other, for an ETag."""
    return f"{snapshot.version}.{snapshot.manifest.mark}"


def _await_snapshot(follower: Follower, min_version: int | None, *, offline: bool) -> Snapshot | None:
    """The newest snapshot, of a version that is not older than was asked for."""
    give_up = time.monotonic() + (deps.WAIT_FOR_DATABASE_S if offline else deps.WAIT_FOR_VERSION_S)
    while True:
        snapshot = follower.snapshot
        if min_version is None or (snapshot is not None and snapshot.version >= min_version):
            return snapshot
        if time.monotonic() >= give_up:
            there = "none" if snapshot is None else snapshot.version
            raise VersionNotReached(f"Version {min_version} has not been published; the newest is {there}.")
        time.sleep(deps.POLL_S)
