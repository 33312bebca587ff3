"""What a map is drawn from, as far as the reader is told: the database or, while that is away, the snapshot."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from gridmap.api.deps import SessionDep
from gridmap.api.locating import state_of
from gridmap.api.offline import offline_snapshot
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.db.versions import state_mark
from gridmap.divisions.service import DivisionRecord, get_division
from gridmap.maps import from_snapshot, service
from gridmap.maps.service import MapContent
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry


@dataclass(frozen=True, slots=True)
class MapReading:
    """One state of the map for one reader. The session can't be used when there is a `snapshot`."""

    session: Session
    scope: MapScope
    snapshot: Snapshot | None

    @property
    def mark(self) -> str:
        """What tells this state from every other."""
        return state_mark(self.session) if self.snapshot is None else state_of(self.snapshot)

    def division(self, code: str | None) -> DivisionRecord | None:
        """A division; without a code the smallest that holds all that is told, None when there is nothing."""
        if self.snapshot is None:
            if code is None:
                return service.default_division(self.session, self.scope.prefixes)
            return get_division(self.session, code)
        if code is None:
            return from_snapshot.default_division(self.snapshot, self.scope.prefixes)
        return Registry.of(self.snapshot).get_division(code)

    def told_within(self, code: str) -> tuple[str, ...]:
        """The code prefixes of what is told inside a division. Raises NotFound, and Forbidden when that is nothing."""
        if self.snapshot is None:
            return self.scope.within(self.session, code)
        return self.scope.told_of(Registry.of(self.snapshot).prefixes_within(code))

    def content(self, code: str, told: tuple[str, ...]) -> MapContent:
        """What is drawn of a division."""
        if self.snapshot is None:
            return service.load_content(self.session, code, told)
        return from_snapshot.load_content(self.snapshot, code, told)


def get_map_reading(request: Request, session: SessionDep, scope: MapScopeDep) -> MapReading:
    """The state that a map page answers from. Raises DatabaseUnavailable without database and snapshot."""
    return MapReading(session, scope, offline_snapshot(request))


MapReadingDep = Annotated[MapReading, Depends(get_map_reading, scope="function")]
