"""What of a register a caller is told: what lies both in the scope that was granted and in the place asked for."""

from sqlalchemy.orm import Session

from gridmap.access.caller import Caller
from gridmap.access.rights import check_scope
from gridmap.divisions.service import prefixes_within
from gridmap.errors import Forbidden, NotFound
from gridmap.sentences import say


def prefixes_asked(session: Session, caller: Caller, within: str | None) -> tuple[str, ...]:
    """The code prefixes of what is asked for inside the scope; all of the scope when no place is named.

    Raises Forbidden when nothing is left, and NotFound for an unknown place inside the scope only.
    """
    if within is None:
        return caller.within
    try:
        asked = prefixes_within(session, within)
    except NotFound:
        check_scope(caller, within)
        raise
    told = caller.narrow(asked)
    if not told:
        raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))
    return told
