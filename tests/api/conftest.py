"""The application on a small county that no test changes."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gridmap.app import create_app
from gridmap.settings import Settings
from tests.county import county_clone
from tests.postgres import Server


@pytest.fixture(scope="session")
def county_url(server: Server) -> str:
    """A database with the small county, for tests that only read."""
    return county_clone(server)


@pytest.fixture(scope="session")
def api(county_url: str) -> Iterator[TestClient]:
    """A client of the whole application."""
    settings = Settings.from_env({}, database_url=county_url, public_map=True)
    with TestClient(create_app(settings)) as client:
        yield client
