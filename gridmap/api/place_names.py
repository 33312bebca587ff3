"""Routes of other names of places: former and popular ones, and Tibetan."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gridmap.addresses import place_names
from gridmap.addresses.place_names import PlaceName
from gridmap.addresses.place_schema import PlaceNameIn, PlaceNameOut, PlaceNames
from gridmap.api.deps import SessionDep
from gridmap.api.params import DivisionCodePath
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.db.versions import current_version

router = APIRouter(prefix="/divisions", tags=["divisions"])


@router.get("/{code}/names")
def list_names(code: DivisionCodePath, session: SessionDep, scope: MapScopeDep) -> PlaceNames:
    """The other names of a division, and of the hamlets in a village."""
    scope.require(code)
    return _names(session, code)


@router.post("/{code}/names", status_code=201)
def add_name(code: DivisionCodePath, given: PlaceNameIn, session: SessionDep, actor: ActorDep) -> PlaceNames:
    """Gives a place another name, by which it is found at once."""
    place_names.add_name(session, actor, PlaceName(code, given.text.strip(), given.kind, given.hamlet))
    return _names(session, code)


@router.delete("/{code}/names")
def drop_name(
    code: DivisionCodePath,
    session: SessionDep,
    actor: ActorDep,
    text: Annotated[str, Query(max_length=100)],
    hamlet: Annotated[str, Query(max_length=100)] = "",
) -> PlaceNames:
    """Takes another name away."""
    place_names.drop_name(session, actor, code, text, hamlet)
    return _names(session, code)


def _names(session: Session, code: str) -> PlaceNames:
    names = [PlaceNameOut.model_validate(name) for name in place_names.list_names(session, code)]
    return PlaceNames(version=current_version(session), code=code, names=names)
