"""What of the map a caller is told: all of it where the map is public, else what lies in the scope that was granted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from gridmap.access.caller import narrow
from gridmap.api.deps import SettingsDep
from gridmap.api.security import CallerDep
from gridmap.divisions.service import prefixes_within
from gridmap.errors import Forbidden
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class MapScope:
    """The code prefixes that are told; one empty prefix for everything."""

    prefixes: tuple[str, ...]

    def covers(self, code: str) -> bool:
        """Whether a division, grid or group is told."""
        return code.startswith(self.prefixes)

    def require(self, *codes: str) -> None:
        """Raises Forbidden unless one of the codes, those that a place has or had, lies inside."""
        if not any(self.covers(code) for code in codes):
            raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))

    def narrow(self, prefixes: Sequence[str]) -> tuple[str, ...]:
        """The prefixes of what lies in both.

        >>> MapScope(("623022101",)).narrow(["623022"]), MapScope(("623022",)).narrow(["623022101"])
        (('623022101',), ('623022101',))
        >>> MapScope(("623022101",)).narrow(["623023"])
        ()
        """
        return narrow(self.prefixes, tuple(prefixes))

    def within(self, session: Session, code: str) -> tuple[str, ...]:
        """The prefixes of what is told inside a division. Raises NotFound, and Forbidden when that is nothing."""
        return self.told_of(prefixes_within(session, code))

    def told_of(self, prefixes: Sequence[str]) -> tuple[str, ...]:
        """As `narrow`. Raises Forbidden when nothing is left."""
        told = self.narrow(prefixes)
        if not told:
            raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))
        return told


async def map_scope(caller: CallerDep, settings: SettingsDep) -> MapScope:
    """Everything where the map is public: a key must not show less than nobody sees."""
    return MapScope(("",) if settings.public_map else caller.within)


async def geocoder_scope(caller: CallerDep, settings: SettingsDep) -> MapScope:
    """Everything where the geocoder or the map is public."""
    everything = settings.public_geocoder or settings.public_map
    return MapScope(("",) if everything else caller.within)


MapScopeDep = Annotated[MapScope, Depends(map_scope, scope="function")]
GeocoderScopeDep = Annotated[MapScope, Depends(geocoder_scope, scope="function")]
