"""The page of imports: a file is uploaded, looked at, set right and accepted; its module does it through the API."""

from typing import get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from gridmap.api.deps import SessionDep
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.exchange import staging
from gridmap.exchange.schema import ImportKind
from gridmap.maps import service as maps
from gridmap.maps.escaping import script_json

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/import")
def import_page(
    request: Request,
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    kind: ImportKind | None = None,
) -> HTMLResponse:
    """The page; which import it shows stands in the query as `id`, and its map is of the county that is known.

    `kind` is what a new file is taken for until somebody says otherwise.
    """
    division = maps.default_division(session, scope.prefixes)
    kinds = [each for each in get_args(ImportKind) if staging.may_import(actor.caller, each)]
    return render(
        request,
        "import.html",
        frame,
        within=division,
        map_code=None if division is None else division.code[:6],
        sentences_json=Markup(script_json(frame.t.sentences())),  # noqa: S704 - script_json leaves no < > &
        kinds=["grids", *(each for each in kinds if each != "grids")],
        kind=kind,
    )
