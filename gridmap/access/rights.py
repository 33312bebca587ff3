"""Who may do what: one table for every route and every command, and the rules about persons that it refers to.

What is not in the table is refused. A key is a method and a path, or ``cli`` and a command.
"""

from dataclasses import dataclass
from typing import Literal, Self, get_args

from gridmap.access.caller import Caller, Role
from gridmap.errors import FieldError, Forbidden, InvalidInput, Unauthenticated
from gridmap.sentences import say

Openness = Literal["nobody", "public_map", "public_geocoder", "everyone", "unasked"]
"""Who may without a key: nobody, all when the installation's setting of that name says so, all. `unasked` is answered
without looking who asks, so that it needs no database."""

EVERY_ROLE: frozenset[Role] = frozenset(get_args(Role))
SEE_PERSONS: frozenset[Role] = EVERY_ROLE - {"reader"}
UNMASK: frozenset[Role] = frozenset({"fieldworker", "commander", "admin"})
UNMASKABLE = frozenset({"name", "phone"})
_SHORTEST_PURPOSE, _LONGEST_PURPOSE = 4, 500
_GRID_DIGITS, _GROUP_DIGITS = 15, 17


@dataclass(frozen=True, slots=True)
class Right:
    """Who may use a route: roles, and whether it is open without a key. `personal`: it tells of persons."""

    roles: frozenset[Role] = EVERY_ROLE
    open_to: Openness = "nobody"
    personal: bool = False


_UNASKED = Right(open_to="unasked")
_EVERYONE = Right(open_to="everyone")
_MAP = Right(open_to="public_map")
_GEOCODER = Right(open_to="public_geocoder")
_PERSONS = Right(SEE_PERSONS, personal=True)
_KEEP_PERSONS = Right(frozenset({"editor", "reviewer", "admin"}), personal=True)
_EDIT = Right(frozenset({"editor", "reviewer", "admin"}))
# A fieldworker proposes: drafts of the own, which somebody else submits.
_PROPOSE = Right(frozenset({"fieldworker", "editor", "reviewer", "admin"}))
_PUBLISH = Right(frozenset({"reviewer", "admin"}))
# Whoever can run a command on the machine can read its database; the audit names him.
_OPERATOR = Right(frozenset({"admin"}))

RIGHTS: dict[str, Right] = {
    "GET /healthz": _UNASKED,
    "GET /readyz": _UNASKED,
    "GET /metrics": Right(),
    "GET /login": _EVERYONE,
    "POST /login": _EVERYONE,
    "POST /logout": _EVERYONE,
    "GET /docs": _MAP,
    "GET /openapi.json": _MAP,
    "GET /": _MAP,
    "GET /map": _MAP,
    "GET /sentences.json": _UNASKED,
    "GET /addresses": _GEOCODER,
    "GET /map-data/{within}.json": _MAP,
    "GET /grids": _MAP,
    "GET /grids/table.csv": _MAP,
    "GET /grids/tree/{code}": _MAP,
    "GET /grids/{code}/writes.json": _EDIT,
    "GET /groups": _PERSONS,
    "GET /groups/regroup": _KEEP_PERSONS,
    "GET /shelters": Right(),
    "GET /import": _EDIT,
    "GET /changesets": _PROPOSE,
    "GET /changesets/{changeset_id}": _PROPOSE,
    "GET /api/v1/locate": _MAP,
    "POST /api/v1/locate": _MAP,
    "POST /api/v1/convert": _MAP,
    "GET /api/v1/divisions": _MAP,
    "GET /api/v1/divisions/{code}": _MAP,
    "GET /api/v1/divisions/{code}/children": _MAP,
    "GET /api/v1/divisions/{code}/coverage": _MAP,
    "GET /api/v1/exports/divisions": _MAP,
    "GET /api/v1/exports/grids": _MAP,
    "GET /api/v1/exports/groups": _PERSONS,
    "GET /api/v1/exports/shelters": Right(),
    "GET /api/v1/exports/layers": _MAP,
    "POST /api/v1/addresses/parse": _GEOCODER,
    "GET /api/v1/search": _GEOCODER,
    "GET /api/v1/addresses/search": _GEOCODER,
    "GET /api/v1/addresses/reverse": _GEOCODER,
    "POST /api/v1/addresses/search/csv": _GEOCODER,
    "POST /api/v1/addresses/reverse/csv": _GEOCODER,
    "GET /geocoder/search/": _GEOCODER,
    "GET /geocoder/search": _GEOCODER,
    "GET /geocoder/reverse/": _GEOCODER,
    "GET /geocoder/reverse": _GEOCODER,
    "POST /geocoder/search/csv/": _GEOCODER,
    "POST /geocoder/search/csv": _GEOCODER,
    "POST /geocoder/reverse/csv/": _GEOCODER,
    "POST /geocoder/reverse/csv": _GEOCODER,
    "GET /nominatim/search": _GEOCODER,
    "GET /nominatim/search/": _GEOCODER,
    "GET /nominatim/reverse": _GEOCODER,
    "GET /nominatim/reverse/": _GEOCODER,
    **dict.fromkeys((f"GET /nominatim/{name}.php" for name in ("search", "reverse", "status")), _GEOCODER),
    "GET /nominatim/status": _GEOCODER,
    "GET /api/v1/addresses": Right(),
    "POST /api/v1/addresses": _EDIT,
    "GET /api/v1/addresses/problems": _EDIT,
    "POST /api/v1/addresses/waiting/{waiting_id}/place": _EDIT,
    "DELETE /api/v1/addresses/waiting/{waiting_id}": _EDIT,
    "GET /api/v1/addresses/{code}": _GEOCODER,
    "PATCH /api/v1/addresses/{code}": _EDIT,
    "DELETE /api/v1/addresses/{code}": _EDIT,
    "GET /api/v1/addresses/{code}/history": Right(),
    "POST /api/v1/addresses/{code}/merge": _EDIT,
    "POST /api/v1/addresses/{code}/accept": _EDIT,
    "DELETE /api/v1/addresses/{code}/accept": _EDIT,
    "GET /api/v1/divisions/{code}/names": _MAP,
    "POST /api/v1/divisions/{code}/names": _EDIT,
    "DELETE /api/v1/divisions/{code}/names": _EDIT,
    "GET /api/v1/buildings": Right(),
    "POST /api/v1/buildings": _EDIT,
    "GET /api/v1/buildings/{building_id}": Right(),
    "PATCH /api/v1/buildings/{building_id}": _EDIT,
    "DELETE /api/v1/buildings/{building_id}": _EDIT,
    "GET /api/v1/buildings/{building_id}/history": Right(),
    "GET /api/v1/grids": _MAP,
    "GET /api/v1/grids/{code}": _MAP,
    "GET /api/v1/layers": _MAP,
    "GET /api/v1/layers/{name}": _MAP,
    "GET /api/v1/layers/{name}/items": _MAP,
    "GET /tiles/{layer}.json": _MAP,
    "GET /tiles/{layer}/{z}/{x}/{y}.mvt": _MAP,
    "GET /api/v1/grids/{code}/households": _PERSONS,
    "PATCH /api/v1/grids/{code}": _KEEP_PERSONS,
    "GET /api/v1/grids/{code}/officers": _PERSONS,
    "POST /api/v1/grids/{code}/regroup": _KEEP_PERSONS,
    "POST /api/v1/grids/{code}/regroup/accept": _KEEP_PERSONS,
    "GET /api/v1/groups": _PERSONS,
    "POST /api/v1/groups": _KEEP_PERSONS,
    "GET /api/v1/groups/{code}": _PERSONS,
    "PATCH /api/v1/groups/{code}": _KEEP_PERSONS,
    "DELETE /api/v1/groups/{code}": _KEEP_PERSONS,
    "GET /api/v1/groups/{code}/history": _PERSONS,
    "GET /api/v1/groups/{code}/households": _PERSONS,
    "GET /households": _PERSONS,
    "GET /households/table.csv": _PERSONS,
    "GET /officers": _PERSONS,
    "GET /posts": _PERSONS,
    "GET /pairs": _KEEP_PERSONS,
    "GET /pairs/{plan_id}": _KEEP_PERSONS,
    "GET /pairs/coverage": _PERSONS,
    "GET /api/v1/households": _PERSONS,
    "POST /api/v1/households": _KEEP_PERSONS,
    "GET /api/v1/households/{household_id}": _PERSONS,
    "PATCH /api/v1/households/{household_id}": _KEEP_PERSONS,
    "DELETE /api/v1/households/{household_id}": _KEEP_PERSONS,
    "GET /api/v1/households/{household_id}/history": _PERSONS,
    "GET /api/v1/officers": _PERSONS,
    "POST /api/v1/officers": _KEEP_PERSONS,
    "GET /api/v1/officers/{officer_id}": _PERSONS,
    "PATCH /api/v1/officers/{officer_id}": _KEEP_PERSONS,
    "DELETE /api/v1/officers/{officer_id}": _KEEP_PERSONS,
    "GET /api/v1/officers/{officer_id}/history": _PERSONS,
    "GET /api/v1/posts": _PERSONS,
    "POST /api/v1/posts": _KEEP_PERSONS,
    "GET /api/v1/posts/{post_id}": _PERSONS,
    "PATCH /api/v1/posts/{post_id}": _KEEP_PERSONS,
    "DELETE /api/v1/posts/{post_id}": _KEEP_PERSONS,
    "GET /api/v1/posts/{post_id}/history": _PERSONS,
    "GET /api/v1/grids/{code}/posts": _PERSONS,
    "GET /api/v1/shelters": Right(),
    "POST /api/v1/shelters": _EDIT,
    "GET /api/v1/shelters/{shelter_id}": Right(),
    "PATCH /api/v1/shelters/{shelter_id}": _EDIT,
    "DELETE /api/v1/shelters/{shelter_id}": _EDIT,
    "GET /api/v1/shelters/{shelter_id}/history": Right(),
    "GET /api/v1/grids/{code}/history": _MAP,
    "GET /api/v1/grids/{code}/lineage": _MAP,
    "GET /api/v1/changesets": _PROPOSE,
    "POST /api/v1/changesets": _PROPOSE,
    "GET /api/v1/changesets/{changeset_id}": _PROPOSE,
    "GET /api/v1/changesets/{changeset_id}/grids": _PROPOSE,
    "PUT /api/v1/changesets/{changeset_id}/grids": _PROPOSE,
    "POST /api/v1/changesets/{changeset_id}/renumber": _PROPOSE,
    "POST /api/v1/changesets/{changeset_id}/submit": _EDIT,
    "POST /api/v1/changesets/{changeset_id}/publish": _PUBLISH,
    "POST /api/v1/changesets/{changeset_id}/reject": _PUBLISH,
    "POST /api/v1/changesets/{changeset_id}/revert": _EDIT,
    "POST /api/v1/changesets/{changeset_id}/redraft": _PROPOSE,
    "GET /api/v1/imports": _EDIT,
    "POST /api/v1/imports": _EDIT,
    "GET /api/v1/imports/{import_id}": _EDIT,
    "PATCH /api/v1/imports/{import_id}": _EDIT,
    "DELETE /api/v1/imports/{import_id}": _EDIT,
    "POST /api/v1/imports/{import_id}/accept": _EDIT,
    "GET /api/v1/imports/{import_id}/report.csv": _EDIT,
    "GET /api/v1/imports/{import_id}/shapes": _EDIT,
    "POST /api/v1/divisions/changes": Right(frozenset({"admin"})),
    "GET /api/v1/contacts/at": _PERSONS,
    "GET /api/v1/contacts/missing": _PERSONS,
    "GET /api/v1/households/{household_id}/contacts/history": _PERSONS,
    "PUT /api/v1/households/{household_id}/contacts/first": _KEEP_PERSONS,
    "GET /api/v1/households/{household_id}/contacts": _PERSONS,
    "GET /api/v1/households/{household_id}/contact-effect": _KEEP_PERSONS,
    "GET /api/v1/households/{household_id}/pair-rules": _PERSONS,
    "POST /api/v1/households/{household_id}/pair-rules": _KEEP_PERSONS,
    "DELETE /api/v1/households/{household_id}/pair-rules/{officer_id}": _KEEP_PERSONS,
    "GET /api/v1/officers/{officer_id}/households": _PERSONS,
    "GET /api/v1/officers/{officer_id}/book.pdf": _PERSONS,
    "GET /api/v1/pair-plans": _KEEP_PERSONS,
    "POST /api/v1/pair-plans": _KEEP_PERSONS,
    "GET /api/v1/pair-plans/report": _PERSONS,
    "GET /api/v1/pair-plans/{plan_id}": _KEEP_PERSONS,
    "GET /api/v1/pair-plans/{plan_id}/pairs": _KEEP_PERSONS,
    "POST /api/v1/pair-plans/{plan_id}/apply": _PUBLISH,
    "POST /api/v1/pair-plans/{plan_id}/undo": _PUBLISH,
    "cli pairs plan": _OPERATOR,
    "cli pairs apply": _OPERATOR,
    "cli pairs undo": _OPERATOR,
    "cli pairs report": _OPERATOR,
    "cli pairs list": _OPERATOR,
    "cli pairs book": _OPERATOR,
    "cli pairs solve": _OPERATOR,
    "cli up": _OPERATOR,
    "cli version": _OPERATOR,
    "cli bench": _OPERATOR,
    "cli db url": _OPERATOR,
    "cli db migrate": _OPERATOR,
    "cli db status": _OPERATOR,
    "cli db backup": _OPERATOR,
    "cli db restore": _OPERATOR,
    "cli demo load": _OPERATOR,
    "cli demo remove": _OPERATOR,
    "cli import": _OPERATOR,
    "cli export": _OPERATOR,
    "cli locate": _OPERATOR,
    "cli snapshot build": _OPERATOR,
    "cli snapshot info": _OPERATOR,
    "cli snapshot verify": _OPERATOR,
    "cli snapshot export": _OPERATOR,
    "cli address parse": _OPERATOR,
    "cli address search": _OPERATOR,
    "cli address geocode": _OPERATOR,
    "cli convert": _OPERATOR,
    "cli coverage check": _OPERATOR,
    "cli group regroup": _OPERATOR,
    "cli changeset list": _OPERATOR,
    "cli changeset show": _OPERATOR,
    "cli changeset submit": _OPERATOR,
    "cli changeset publish": _OPERATOR,
    "cli changeset reject": _OPERATOR,
    "cli user add": _OPERATOR,
    "cli user list": _OPERATOR,
    "cli user disable": _OPERATOR,
    "cli user password": _OPERATOR,
    "cli key add": _OPERATOR,
    "cli key list": _OPERATOR,
    "cli key revoke": _OPERATOR,
    "cli audit show": _OPERATOR,
}


def check(right: Right | None, caller: Caller, open_settings: frozenset[str]) -> None:
    """Raises Forbidden for what is not in the table and for the wrong role, Unauthenticated for nobody.

    `open_settings` are the names of those of `public_map` and `public_geocoder` that are on.
    """
    if right is None:
        raise Forbidden("Nobody may do this: it has no entry in the table of rights.")
    if right.open_to in {"everyone", "unasked"} or right.open_to in open_settings:
        return
    if caller.role is None:
        raise Unauthenticated("This needs a key or a sign-in.")
    if caller.role not in right.roles or (right.personal and not may_see_persons(caller)):
        raise Forbidden(say("role_not_enough", "The role does not cover this."))


def may_see_persons(caller: Caller) -> bool:
    """Whether role and grant let a caller read persons at all; the scope says which."""
    if caller.role == "integrator":
        return caller.personal
    if caller.role == "fieldworker":
        return len(caller.scope) in {_GRID_DIGITS, _GROUP_DIGITS}
    return caller.role in SEE_PERSONS


def check_scope(caller: Caller, *codes: str) -> None:
    """Raises Forbidden unless one of the codes, the places where something is, lies in the caller's scope."""
    if not any(caller.covers(code) for code in codes):
        raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))


@dataclass(frozen=True, slots=True)
class Unmasking:
    """Which personal fields are asked for in full, and what for."""

    fields: frozenset[str] = frozenset()
    purpose: str | None = None

    @classmethod
    def parse(cls, fields: str | None, purpose: str | None) -> Self:
        """From `unmask=phone,name` and `purpose=`. Raises InvalidInput for other fields or without a real purpose."""
        wanted = frozenset(part.strip() for part in (fields or "").split(",")) - {""}
        why = (purpose or "").strip()
        unknown = sorted(wanted - UNMASKABLE)
        if unknown:
            message = f"there is no {', '.join(unknown)}; there are {', '.join(sorted(UNMASKABLE))}"
            raise InvalidInput(f"unmask: {message}", errors=[FieldError("unmask", message)])
        if len(why) > _LONGEST_PURPOSE or not why.isprintable():
            message = say("at_most_printable", "at most {most} printable characters are wanted", most=_LONGEST_PURPOSE)
            raise InvalidInput(f"purpose: {message}", errors=[FieldError("purpose", message)])
        if wanted and len(why) < _SHORTEST_PURPOSE:
            message = say(
                "purpose_wanted",
                "say in {least} characters or more what the unmasked data are needed for",
                least=_SHORTEST_PURPOSE,
            )
            raise InvalidInput(f"purpose: {message}", errors=[FieldError("purpose", message, "missing")])
        return cls(wanted, why or None)


MASKED = Unmasking()


def check_unmasking(caller: Caller, unmasking: Unmasking) -> None:
    """Raises Forbidden unless the caller may see fields in full: a fieldworker those of the own group only."""
    if not unmasking.fields:
        return
    own_group = caller.role != "fieldworker" or len(caller.scope) == _GROUP_DIGITS
    if caller.role not in UNMASK or not own_group:
        raise Forbidden(say("unmask_not_allowed", "The role does not cover seeing this unmasked."))
