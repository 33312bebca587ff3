"""Commands on addresses."""

from typing import Annotated

import typer

from gridmap.addresses.parse import parse
from gridmap.addresses.schema import ParsedOut
from gridmap.addresses.segments import SEGMENTS
from gridmap.addresses.service import load_gazetteer
from gridmap.cli.geocode import geocode, search_text
from gridmap.cli.output import tell_rows
from gridmap.cli.session import command_session
from gridmap.db.versions import current_version
from gridmap.divisions.service import prefixes_within

address_app = typer.Typer(help="Addresses in anybody's words.", no_args_is_help=True)


@address_app.callback()
def _addresses() -> None:
    """Addresses in anybody's words."""


address_app.command("search")(search_text)
address_app.command("geocode")(geocode)


@address_app.command("parse")
def parse_text(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An address as somebody wrote or said it.")],
    within: Annotated[str | None, typer.Option("--within", help="The division it is known to lie in.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Takes an address apart: its segments, what was assumed, what was left over, and what else it may be."""
    with command_session() as session:
        prefixes = ("",) if within is None else prefixes_within(session, within)
        answer = ParsedOut.of(parse(load_gazetteer(session, prefixes), text), current_version(session))
    if as_json:
        print(answer.model_dump_json(indent=2))
    else:
        _tell(answer)


def _tell(answer: ParsedOut) -> None:
    """The label; a line for each segment with the words it was read from; what is open."""
    print(answer.label or "no address was found in this")
    tell_rows([_row(answer, name) for name in SEGMENTS if name in answer.segments], as_json=False)
    for item in answer.left_over:
        print(f"left over: {item.said}" + (" (a division that is not known)" if item.kind == "division" else ""))
    for other in answer.alternatives:
        print(f"or ({other.reason}): {other.label}")
    if answer.alternatives_more:
        print(f"and {answer.alternatives_more} more")


def _row(answer: ParsedOut, name: str) -> dict[str, str]:
    kinds = dict.fromkeys(item.kind for item in answer.assumed if item.segment == name)
    return {
        "segment": name,
        "value": answer.segments[name],
        "code": answer.segments.get(f"{name}_code", ""),
        "said": answer.text[slice(*answer.spans[name])] if name in answer.spans else "",
        "assumed": " ".join(kinds),
    }
