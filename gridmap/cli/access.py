"""Commands on users, keys and the audit."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from gridmap.access import audit, service
from gridmap.access.passwords import make_password
from gridmap.cli.output import tell_rows
from gridmap.cli.session import command_actor, command_session
from gridmap.divisions.service import prefixes_within
from gridmap.errors import FieldError, InvalidInput, NotFound

user_app = typer.Typer(help="People who sign in.", no_args_is_help=True)
key_app = typer.Typer(help="Keys for programs.", no_args_is_help=True)
audit_app = typer.Typer(help="Who saw or changed what.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]
RoleOption = Annotated[str, typer.Option("--role", help="reader, fieldworker, editor, reviewer, commander, …")]
ScopeOption = Annotated[str, typer.Option("--scope", help="A division, grid or group code, or `all`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
GenerateOption = Annotated[bool, typer.Option("--generate-password", help="Make one at random and print it.")]


@user_app.command("add")
def add_user(name: Name, role: RoleOption, scope: ScopeOption, generate_password: GenerateOption = False) -> None:
    """Makes a user. The password is asked for twice, read from stdin, or generated and printed."""
    password = _password(generate=generate_password)
    with command_session() as session:
        service.add_user(session, command_actor(), name=name, password=password, role=role, scope=scope)
        _warn_of_unknown(session, scope)
    if generate_password:
        print(password)


@user_app.command("list")
def list_users(as_json: JsonOption = False) -> None:
    """All users with role and scope."""
    with command_session() as session:
        users = service.list_users(session)
    tell_rows([asdict(user) for user in users], as_json=as_json)


@user_app.command("disable")
def disable_user(name: Name) -> None:
    """Keeps a user from signing in and ends his sessions at once."""
    with command_session() as session:
        service.disable_user(session, command_actor(), name=name, now=datetime.now(UTC))


@user_app.command("password")
def set_password(name: Name, generate_password: GenerateOption = False) -> None:
    """Gives a user another password, lifts a lock and ends his sessions."""
    password = _password(generate=generate_password)
    with command_session() as session:
        service.set_password(session, command_actor(), name=name, password=password)
    if generate_password:
        print(password)


@key_app.command("add")
def add_key(
    name: Name,
    role: RoleOption,
    scope: ScopeOption,
    personal: Annotated[bool, typer.Option("--personal", help="Lets an integrator read households.")] = False,
) -> None:
    """Makes a key and prints it, alone and this once."""
    with command_session() as session:
        key = service.add_key(session, command_actor(), name=name, role=role, scope=scope, personal=personal)
        _warn_of_unknown(session, scope)
    print(key)


@key_app.command("list")
def list_keys(as_json: JsonOption = False) -> None:
    """All keys with role and scope, revoked ones too; never the keys themselves."""
    with command_session() as session:
        keys = service.list_keys(session)
    tell_rows([asdict(key) for key in keys], as_json=as_json)


@key_app.command("revoke")
def revoke_key(name: Name) -> None:
    """Ends a key at once."""
    with command_session() as session:
        service.revoke_key(session, command_actor(), name=name, now=datetime.now(UTC))


@audit_app.command("show")
def show_audit(
    record: Annotated[str | None, typer.Option("--record", help="A household's or officer's id.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="A name, or user:NAME, key:NAME, cli:NAME.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="A time, such as 2026-11-22T02:40:00+08:00.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """What the audit holds, in the order it happened."""
    start = None if since is None else _instant(since)
    with command_session() as session:
        entries = audit.list_records(session, subject=record, who=who, since=start, limit=limit)
    tell_rows([asdict(entry) for entry in entries], as_json=as_json)


def _instant(text: str) -> datetime:
    """A time; one without an offset is this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        message = "a time is wanted, such as 2026-11-22 or 2026-11-22T02:40:00+08:00"
        raise InvalidInput(f"--since: {message}", errors=[FieldError("--since", message)]) from None


def _password(*, generate: bool) -> str:
    if generate:
        return make_password()
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _warn_of_unknown(session: Session, scope: str) -> None:
    """A scope may be granted before its division is imported, but it is more often a slip of the finger."""
    try:
        if scope != "all":
            prefixes_within(session, scope[:12])
    except NotFound:
        print(f"gridmap: note: there is no division {scope[:12]} yet.", file=sys.stderr)
