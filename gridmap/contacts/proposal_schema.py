"""Groups drawn anew for a grid, as they are proposed and accepted over the wire."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from gridmap.contacts.group_proposals import AskedGroup, Proposal
from gridmap.contacts.group_schema import HouseholdId
from gridmap.contacts.schema import ResponsibleOut
from gridmap.grids.numbering import LAST_GROUP

GroupCode = Annotated[str, Field(pattern=r"^[0-9]{15}([1-9][0-9]|0[1-9])$")]


class GroupLimits(BaseModel):
    """How many households a group of this installation has."""

    model_config = ConfigDict(from_attributes=True)

    smallest: int
    target: int
    largest: int


class MemberOut(BaseModel):
    """A household, and the group it is in today."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    id: HouseholdId
    was: GroupCode | None = Field(alias="from")


class ProposedGroupOut(BaseModel):
    """A group as it would be."""

    code: str
    name: str
    is_new: bool
    head: ResponsibleOut | None
    households: int
    members: list[MemberOut]


class MoveOut(MemberOut):
    """A household whose group would change."""

    to: str


class ClosedGroup(BaseModel):
    """A group that nobody would be left in."""

    code: str
    name: str


class ProposalOut(BaseModel):
    """What the groups of a grid would be; nothing is written yet. Accept it by sending its `groups` back."""

    version: int
    grid_code: str
    limits: GroupLimits
    groups: list[ProposedGroupOut]
    moves: list[MoveOut]
    closed: list[ClosedGroup]
    out_of_limits: list[str] = Field(description="Groups that stay too small: the grid has too few households.")

    @classmethod
    def of(cls, version: int, proposal: Proposal) -> Self:
        """From the service's proposal."""
        return cls(
            version=version,
            grid_code=proposal.grid_code,
            limits=GroupLimits.model_validate(proposal.limits),
            groups=[
                ProposedGroupOut(
                    code=group.code,
                    name=group.name,
                    is_new=group.is_new,
                    head=None if group.head is None else ResponsibleOut.model_validate(group.head),
                    households=len(group.members),
                    members=[MemberOut.model_validate({"id": one.id, "from": one.group_code}) for one in group.members],
                )
                for group in proposal.groups
            ],
            moves=[
                MoveOut.model_validate({"id": one.id, "from": one.group_code, "to": code})
                for one, code in proposal.moves
            ],
            closed=[ClosedGroup(code=code, name=name) for code, name in proposal.closed.items()],
            out_of_limits=proposal.out_of_limits,
        )


class AcceptedGroup(BaseModel):
    """A group of a proposal. What else the proposal said of it may stand there and says nothing."""

    code: GroupCode
    name: Annotated[str, Field(max_length=100)]
    members: Annotated[list[MemberOut], Field(max_length=10_000)]

    def asked(self) -> AskedGroup:
        """For the service."""
        return AskedGroup(self.code, self.name, {member.id: member.was for member in self.members})


class AcceptedProposal(BaseModel):
    """The groups of a proposal, as they were proposed or with households put into others of them."""

    groups: Annotated[list[AcceptedGroup], Field(max_length=LAST_GROUP)]


class RegroupedOut(BaseModel):
    """What accepting did. `version` is the one that the groups are true from."""

    version: int
    grid_code: str
    moved: int
    begun: list[str]
    closed: list[str]
