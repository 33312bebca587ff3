"""The web application: `create_app` puts the rooms together; importing this module does nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.routing import BaseRoute

from gridmap import __version__
from gridmap.api import (
    address_register,
    address_search,
    addresses,
    buildings,
    bulk,
    changesets,
    contacts,
    convert,
    divisions,
    docs,
    exports,
    geocoder,
    grids,
    groups,
    health,
    households,
    imports,
    layers,
    locate,
    login,
    metrics,
    nominatim,
    officers,
    pair_plans,
    place_names,
    posts,
    regrouping,
    search,
    shelters,
    tiles,
)
from gridmap.api.address_key import AddressKey
from gridmap.api.cors import OpenWires
from gridmap.api.errors import add_error_handlers
from gridmap.api.front_door import FrontDoor
from gridmap.api.metrics import Measured
from gridmap.api.middleware import Envelope
from gridmap.api.offline import Offline
from gridmap.api.pages import addresses as address_pages
from gridmap.api.pages import changesets as changeset_pages
from gridmap.api.pages import drawn, emap, front
from gridmap.api.pages import grids as grid_pages
from gridmap.api.pages import households as people_pages
from gridmap.api.pages import imports as import_pages
from gridmap.api.pages import pairs as pair_pages
from gridmap.api.pages import regrouping as regrouping_pages
from gridmap.api.pages import upkeep as upkeep_pages
from gridmap.api.pages.frame import add_page_errors
from gridmap.api.quick_search import QuickSearch
from gridmap.api.security import authorise, route_paths
from gridmap.db.engine import make_engine
from gridmap.errors import SettingsError
from gridmap.exchange.points.warm import compile_once, warm_up_meanwhile
from gridmap.exchange.sweeping import Sweeper
from gridmap.exchange.uploads import UploadStore
from gridmap.resources import static_dir
from gridmap.settings import Settings
from gridmap.snapshot.addresses import AddressStore
from gridmap.snapshot.catch_up import snapshot_folder
from gridmap.snapshot.follower import Follower

_TIANDITU_IMAGES = " https://*.tianditu.gov.cn"


_API_V1 = (
    # Routes are tried one after the other: what is asked most often comes first.
    locate,
    address_search,
    search,
    bulk,
    convert,
    divisions,
    exports,
    grids,
    layers,
    groups,
    regrouping,
    households,
    officers,
    posts,
    addresses,
    place_names,
    changesets,
    imports,
    shelters,
    pair_plans,
    contacts,
    # Behind the search and parse of `addresses`: a code in the path would swallow them.
    address_register,
    buildings,
)


def create_app(settings: Settings) -> FastAPI:
    """The application for an installation whose database is at `settings.database_url`."""
    if settings.database_url is None:
        raise SettingsError("the application needs GRIDMAP_DATABASE_URL; `gridmap up` provides it")
    engine = make_engine(settings.database_url)

    follower = Follower(engine, snapshot_folder(settings.home))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sweeper = Sweeper(app.state.uploads)
        sweeper.start()
        follower.start()
        app.state.addresses.start(compile_once)
        yield
        app.state.addresses.stop()
        follower.stop()
        sweeper.stop()
        engine.dispose()

    app = FastAPI(
        title="gridmap",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        dependencies=[Depends(authorise, scope="function")],
    )
    app.state.settings = settings
    app.state.engine = engine
    app.state.follower = follower
    app.state.metrics = metrics.Metrics(settings.home / "metrics")
    app.state.image_hosts = _TIANDITU_IMAGES if settings.tianditu_key else ""
    app.state.clock = lambda: datetime.now(UTC)
    app.state.written_maps = drawn.new_store()
    app.state.gazetteers = addresses.GazetteerStore()
    app.state.addresses = AddressStore(engine, settings.home)
    app.state.emaps = emap.new_store()
    app.state.written_tiles = tiles.new_store()
    app.state.coverage_reports = divisions.new_store()
    app.state.uploads = UploadStore(settings.home / "uploads")
    app.add_middleware(QuickSearch, store=app.state.addresses, follower=follower, settings=settings)
    app.add_middleware(Offline, follower=follower)
    app.add_middleware(OpenWires)
    app.add_middleware(Envelope, image_hosts=app.state.image_hosts)
    app.add_middleware(AddressKey)
    app.add_middleware(Measured, metrics=app.state.metrics)
    add_error_handlers(app)
    add_page_errors(app)
    app.router.routes.extend(_routes())
    app.mount("/static", StaticFiles(directory=static_dir()), name="static")
    app.state.route_paths = route_paths(app)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """All routes, none without its right. They know nothing of an installation, and take half a second to make."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(authorise, scope="function")])
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(login.router)
    app.include_router(docs.router)
    for part in _API_V1:
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(geocoder.router)
    app.include_router(nominatim.router)
    app.include_router(tiles.router)
    for page in (
        front,
        emap,
        drawn,
        grid_pages,
        changeset_pages,
        import_pages,
        upkeep_pages,
        regrouping_pages,
        address_pages,
        people_pages,
        pair_pages,
    ):
        app.include_router(page.router)
    return app.router.routes


def create_app_from_env() -> FrontDoor:
    """The application for the settings in this process's environment, as a server's factory wants it."""
    door = FrontDoor(create_app(Settings.from_env()))
    warm_up_meanwhile()
    return door
