"""Routes of addresses."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import parse
from gridmap.addresses.schema import ParsedOut
from gridmap.addresses.search.bearers import told_by_bearers
from gridmap.addresses.search.bulk import LONGEST_TEXT
from gridmap.addresses.service import load_gazetteer
from gridmap.api.address_search import ServedDep
from gridmap.api.deps import SessionDep
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.db.versions import current_version
from gridmap.divisions.service import prefixes_within

router = APIRouter(prefix="/addresses", tags=["addresses"])

_MOST_KEPT = 64


class GazetteerStore:
    """The gazetteers of the newest version that was asked for, by the codes they are limited to."""

    def __init__(self) -> None:
        self._version = -1
        self._kept: dict[tuple[str, ...], Gazetteer] = {}

    def get(self, session: Session, version: int, prefixes: tuple[str, ...]) -> Gazetteer:
        """The one for some prefixes as of a version; loaded when it isn't kept."""
        if version > self._version or len(self._kept) >= _MOST_KEPT:
            # A new dictionary, not a cleared one: another thread may be reading the old.
            self._version, self._kept = version, {}
        if version < self._version:
            return load_gazetteer(session, prefixes)
        kept = self._kept
        if prefixes not in kept:
            kept[prefixes] = load_gazetteer(session, prefixes)
        return kept[prefixes]


class ParseRequest(BaseModel):
    """A text as somebody wrote or said it, and the division that it is known to lie in, if any."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=LONGEST_TEXT)]
    within: Annotated[str | None, Field(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$")] = None


async def get_store(request: Request) -> GazetteerStore:
    """The process's gazetteers."""
    store: GazetteerStore = request.app.state.gazetteers
    return store


@router.post("/parse")
def parse_address(
    asked: ParseRequest,
    session: SessionDep,
    scope: GeocoderScopeDep,
    store: Annotated[GazetteerStore, Depends(get_store)],
    served: ServedDep,
) -> ParsedOut:
    """Takes an address apart: its segments, what was assumed, what was left over, and what else it may be."""
    version = current_version(session)
    prefixes = _prefixes(session, scope, asked.within)
    parsed = parse(store.get(session, version, prefixes), asked.text)
    return ParsedOut.of(told_by_bearers(served.index, parsed, prefixes), version)


def _prefixes(session: Session, scope: MapScope, within: str | None) -> tuple[str, ...]:
    return scope.prefixes if within is None else scope.narrow(prefixes_within(session, within))
