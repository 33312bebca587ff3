"""Commands on household groups."""

from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli.session import command_actor, command_session

if TYPE_CHECKING:
    from gridmap.contacts.group_proposals import Proposal

group_app = typer.Typer(help="Household groups of grids.", no_args_is_help=True)


@group_app.callback()
def _groups() -> None:
    """Household groups of grids."""


@group_app.command("regroup")
def regroup(
    grid: Annotated[str, typer.Argument(metavar="GRID", help="15 digits.")],
    apply: Annotated[bool, typer.Option("--apply", help="Make it true; else it is only shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Draws the groups of a grid anew: within the limits of the settings, and mostly who they were."""
    from gridmap.contacts import group_proposals
    from gridmap.contacts.proposal_schema import ProposalOut
    from gridmap.db.versions import current_version
    from gridmap.settings import Settings

    with command_session() as session:
        limits = group_proposals.limits_of(Settings.from_env())
        proposal = group_proposals.propose(session, command_actor(), grid, limits)
        version = current_version(session)
        if apply:
            version = group_proposals.accept(session, command_actor(), grid, proposal.as_asked()).version
    if as_json:
        print(ProposalOut.of(version, proposal).model_dump_json(by_alias=True, indent=2))
    else:
        _tell(proposal)
        print(f"version {version}" if apply else "nothing is changed; --apply makes it true")


def _tell(proposal: "Proposal") -> None:
    for group in proposal.groups:
        kept = sum(one.group_code == group.code for one in group.members)
        what = "new" if group.is_new else f"{kept} of them now"
        print(f"{group.code} {group.name}: {len(group.members)} households, {what}")
    for code, name in proposal.closed.items():
        print(f"{code} {name}: closed")
    print(f"{len(proposal.moves)} households move")
    for code in proposal.out_of_limits:
        print(f"warning: {code} stays outside the limits: the grid has too few households")
