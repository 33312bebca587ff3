"""The table of rights knows every route and command, and the rules behind it are those of the roles' table."""

import pytest
import typer
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from gridmap.access.caller import ANONYMOUS, Caller, Role
from gridmap.access.rights import EVERY_ROLE, RIGHTS, Right, Unmasking, check, check_scope, check_unmasking
from gridmap.app import create_app
from gridmap.cli.root import make_app
from gridmap.errors import Forbidden, GridmapError, InvalidInput, Unauthenticated
from gridmap.settings import Settings


@pytest.fixture(scope="module")
def application() -> FastAPI:
    return create_app(Settings.from_env({}, database_url="postgresql://nobody@127.0.0.1:1/none"))


def _routes(application: FastAPI) -> set[str]:
    return {
        f"{method} {found.path}"
        for found in iter_route_contexts(application.routes)
        if not isinstance(found.original_route, Mount)
        for method in found.methods or ()
    }


def _commands() -> set[str]:
    def below(command: object, path: str) -> set[str]:
        children = getattr(command, "commands", None)
        if children is None:
            return {path}
        return set().union(*(below(child, f"{path} {name}") for name, child in children.items()))

    return below(typer.main.get_command(make_app()), "cli")


def test_every_route_and_command_has_an_entry(application: FastAPI) -> None:
    there = _routes(application) | _commands()
    assert len(there) > 20
    assert there - RIGHTS.keys() == set()


def test_every_entry_has_a_route_or_command(application: FastAPI) -> None:
    assert RIGHTS.keys() - (_routes(application) | _commands()) == set()


def test_only_the_static_files_pass_by_the_table(application: FastAPI) -> None:
    outside = [
        found.path
        for found in iter_route_contexts(application.routes)
        if not isinstance(found.original_route, APIRoute)
    ]
    assert outside == ["/static"]


def test_no_right_that_tells_of_persons_is_open_or_for_readers() -> None:
    personal = [right for right in RIGHTS.values() if right.personal]
    assert personal
    assert all(right.open_to == "nobody" and "reader" not in right.roles for right in personal)


def _caller(role: Role | None, scope: str = "all", *, personal: bool = False) -> Caller:
    return Caller("key:test", role, scope, ("",) if scope == "all" else (scope,), personal)


def _refusal(right: Right | None, caller: Caller, *settings: str) -> type[GridmapError] | None:
    try:
        check(right, caller, frozenset(settings))
    except GridmapError as error:
        return type(error)
    return None


def test_what_is_not_in_the_table_is_refused_to_everybody() -> None:
    assert _refusal(None, _caller("admin"), "public_map") is Forbidden
    assert _refusal(None, ANONYMOUS, "public_map") is Forbidden


def test_open_routes_are_open_only_as_the_setting_says() -> None:
    for name, right in (
        ("public_map", Right(open_to="public_map")),
        ("public_geocoder", Right(open_to="public_geocoder")),
    ):
        other = "public_geocoder" if name == "public_map" else "public_map"
        assert _refusal(right, ANONYMOUS, name) is None
        assert _refusal(right, ANONYMOUS, other) is Unauthenticated
        assert _refusal(right, _caller("reader")) is None
    assert _refusal(Right(open_to="everyone"), ANONYMOUS) is None


GRID, GROUP, VILLAGE = "990001101200001", "99000110120000101", "990001101200"


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (_caller("reader"), False),
        (_caller("fieldworker"), False),
        (_caller("fieldworker", VILLAGE), False),
        (_caller("fieldworker", GRID), True),
        (_caller("fieldworker", GROUP), True),
        (_caller("editor"), True),
        (_caller("reviewer"), True),
        (_caller("commander"), True),
        (_caller("integrator"), False),
        (_caller("integrator", personal=True), True),
        (_caller("admin"), True),
    ],
)
def test_who_may_see_persons(caller: Caller, may: bool) -> None:
    persons = RIGHTS["GET /api/v1/households/{household_id}"]
    assert _refusal(persons, caller, "public_map", "public_geocoder") is (None if may else Forbidden)


@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_who_may_unmask(role: Role) -> None:
    phone = Unmasking.parse("phone", "evacuation")
    may = role in {"commander", "admin"}
    for caller in (_caller(role), _caller(role, GRID), _caller(role, personal=True)):
        if may:
            check_unmasking(caller, phone)
        else:
            with pytest.raises(Forbidden):
                check_unmasking(caller, phone)
    check_unmasking(_caller(role), Unmasking())


def test_a_fieldworker_may_unmask_in_the_own_group_only() -> None:
    check_unmasking(_caller("fieldworker", GROUP), Unmasking.parse("phone", "evacuation"))


def test_scope() -> None:
    check_scope(_caller("editor", VILLAGE), GRID)
    check_scope(_caller("editor", VILLAGE), "99", GRID)
    for outside in (VILLAGE[:-1] + "1", VILLAGE[:9], "62"):
        with pytest.raises(Forbidden):
            check_scope(_caller("editor", VILLAGE), outside)
    with pytest.raises(Forbidden):
        check_scope(ANONYMOUS, GRID)


@pytest.mark.parametrize(
    ("fields", "purpose", "where"),
    [
        ("phone", None, "purpose"),
        ("phone", "   ", "purpose"),
        ("phone", "abc", "purpose"),
        ("phone", "line\nbreak", "purpose"),
        ("phone", "nul\0nul", "purpose"),
        ("phone", "x" * 501, "purpose"),
        ("id_card", "evacuation", "unmask"),
    ],
)
def test_unmasking_wants_known_fields_and_a_purpose(fields: str, purpose: str | None, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Unmasking.parse(fields, purpose)
    assert [error.where for error in caught.value.errors] == [where]


def test_unmasking_as_it_is_asked_for() -> None:
    assert Unmasking.parse(" phone, name ", " 泥石流转移 ") == Unmasking(frozenset({"phone", "name"}), "泥石流转移")
    assert Unmasking.parse(None, None) == Unmasking.parse("", "") == Unmasking()
