"""Routes that draw the household groups of a grid anew: a proposal, and its acceptance."""

from fastapi import APIRouter

from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.params import GridCodePath
from gridmap.api.security import ActorDep
from gridmap.contacts import group_proposals
from gridmap.contacts.proposal_schema import AcceptedProposal, ProposalOut, RegroupedOut
from gridmap.db.versions import current_version

router = APIRouter(prefix="/grids", tags=["households"])


@router.post("/{code}/regroup")
def propose_groups(code: GridCodePath, session: SessionDep, actor: ActorDep, settings: SettingsDep) -> ProposalOut:
    """Groups within the limits for the households of a grid, as near to today's as can be. Writes nothing. Audited."""
    proposal = group_proposals.propose(session, actor, code, group_proposals.limits_of(settings))
    return ProposalOut.of(current_version(session), proposal)


@router.post("/{code}/regroup/accept")
def accept_groups(code: GridCodePath, given: AcceptedProposal, session: SessionDep, actor: ActorDep) -> RegroupedOut:
    """Makes a proposal true in one step; 409 `stale_base` names the households that changed since. Audited."""
    done = group_proposals.accept(session, actor, code, [group.asked() for group in given.groups])
    return RegroupedOut(
        version=done.version, grid_code=code, moved=done.moved, begun=list(done.begun), closed=list(done.closed)
    )
