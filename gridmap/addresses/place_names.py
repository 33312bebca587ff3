"""Other names of places (别名): what a division or a hamlet was called, is called by people, and in Tibetan."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.addresses import place_queries as queries
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.db.versions import append_event, raise_version
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput, NotFound

KINDS = ("old", "popular", "tibetan")
MOST = 50
_SHORTEST = 2


class PlaceName(NamedTuple):
    """Another name of a division, or of the hamlet in it when one is named."""

    code: str
    text: str
    kind: str
    hamlet: str = ""


def list_names(session: Session, code: str) -> list[PlaceName]:
    """The other names of a division and of the hamlets in it. Raises NotFound."""
    divisions.get_division(session, code)
    return [PlaceName(*row) for row in queries.names_of(session, [code])]


def add_name(session: Session, actor: Actor, name: PlaceName) -> int:
    """Gives a place another name, found at once; one that it has already gets its kind. Returns the version.

    Raises NotFound, Forbidden outside the scope, InvalidInput for what is no name of a place there.
    """
    check_scope(actor.caller, name.code)
    division = divisions.get_division(session, name.code)
    if error := refusal(name, known=queries.has_hamlet(session, name.code, name.hamlet)):
        raise InvalidInput(f"{error.where}: {error.message}", errors=[error])
    if len(queries.names_of(session, [name.code])) >= MOST:
        message = f"{division.name} has {MOST} other names already"
        raise InvalidInput(message, errors=[FieldError("text", message)])
    version = raise_version(session, actor.caller.name, f"{division.name}增加别名 {name.text}")
    queries.put_names(session, [name])
    _tell(session, "add", [name], version)
    return version


def drop_name(session: Session, actor: Actor, code: str, text: str, hamlet: str = "") -> int:
    """Takes another name away; the version. Raises NotFound when there is none, Forbidden outside the scope."""
    check_scope(actor.caller, code)
    if not queries.drop_name(session, code, hamlet, text):
        raise NotFound(f"{code} has no other name {text!r}.")
    version = raise_version(session, actor.caller.name, f"{code} 删除别名 {text}")
    _tell(session, "drop", [PlaceName(code, text, "", hamlet)], version)
    return version


def enter_names(session: Session, names: Sequence[PlaceName]) -> None:
    """Puts many names into the register; whoever calls has checked them and opened the version."""
    queries.put_names(session, names)


def names_of(session: Session, codes: Sequence[str]) -> dict[tuple[str, str, str], str]:
    """The kinds of the names that some divisions have, by code, hamlet and text."""
    return {(code, hamlet, text): kind for code, text, kind, hamlet in queries.names_of(session, codes)}


def follow_codes(session: Session, divided: Mapping[str, str]) -> int:
    """Gives the names of divisions that went into another one to that; how many there were."""
    return queries.recode_names(session, divided)


def refusal(name: PlaceName, *, known: bool) -> FieldError | None:
    """Why something can't be another name; `known` tells whether its hamlet is there. None for a good one."""
    if name.kind not in KINDS:
        return FieldError("kind", f"{name.kind[:20]!r} is none of {', '.join(KINDS)}")
    if len(compare_key(normalise(name.text))) < _SHORTEST or len(name.text) > 100 or name.text.isdigit():
        return FieldError("text", "a name of two signs at least is wanted, and of a hundred at most")
    if name.hamlet and len(name.code) != 12:
        return FieldError("hamlet", "a hamlet lies in a village: give the village's code of 12 digits")
    if name.hamlet and not known:
        return FieldError("hamlet", f"no door of {name.code} stands in a hamlet {name.hamlet[:40]!r}", "unknown")
    return None


def has_hamlet(session: Session, code: str, hamlet: str) -> bool:
    """Whether a current door stands in a hamlet of a village; true for no hamlet."""
    return queries.has_hamlet(session, code, hamlet)


def _tell(session: Session, action: str, names: Sequence[PlaceName], version: int) -> None:
    told = {"action": action, "names": [[name.code, name.hamlet, name.text] for name in names]}
    counties = {name.code[:6] for name in names if len(name.code) >= 6}
    county = counties.pop() if len(counties) == 1 else None
    append_event(session, "place_names", told, county_code=county, version=version)
