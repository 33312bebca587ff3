"""What a caller sees when something is broken: never internal text, always what to do."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gridmap.api.errors import _STATUS
from gridmap.app import create_app
from gridmap.errors import ClusterError, GridmapError, SettingsError
from gridmap.settings import Settings
from tests.problems import assert_problem

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def orphan() -> Iterator[TestClient]:
    """The application when its database is away."""
    with TestClient(create_app(Settings.from_env({}, database_url=NOWHERE, public_map=True))) as client:
        yield client


def test_alive_but_not_ready_without_a_database(orphan: TestClient) -> None:
    assert orphan.get("/healthz").status_code == 200
    ready = orphan.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")


def test_no_database_is_a_503_that_says_when_to_try_again(orphan: TestClient) -> None:
    response = orphan.get("/api/v1/locate", params={"lon": 103.5, "lat": 34.5})
    body = assert_problem(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) >= 1
    assert "127.0.0.1" not in body["detail"]


def test_ready_with_a_database(api: TestClient) -> None:
    assert api.get("/readyz").json() == {"status": "ready", "version": 1}


def test_an_unexpected_error_names_the_request_and_nothing_else(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr("gridmap.api.locating.Locating.find", burst)
    client = TestClient(api.app, raise_server_exceptions=False)
    response = client.get("/api/v1/locate", params={"lon": 103.5, "lat": 34.5})
    body = assert_problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in body["detail"]


def test_no_such_route(api: TestClient) -> None:
    assert_problem(api.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(api.post("/api/v1/divisions"), 405, "method_not_allowed")


def test_every_answer_forbids_foreign_script(api: TestClient) -> None:
    policy = api.get("/healthz").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_every_domain_error_that_a_route_may_raise_has_a_status() -> None:
    def leaves(cls: type[GridmapError]) -> list[type[GridmapError]]:
        return [cls, *(leaf for child in cls.__subclasses__() for leaf in leaves(child))]

    # What keeps a server from starting never reaches a route.
    served = [cls for cls in leaves(GridmapError)[1:] if not issubclass(cls, SettingsError | ClusterError)]
    assert len(served) > 8
    unmapped = [cls.__name__ for cls in served if not any(c in _STATUS for c in cls.__mro__ if c is not GridmapError)]
    assert unmapped == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/grids/99000210120000", "code: 15 digits are wanted; this has 14"),
        ("/api/v1/divisions/卓尼", "a division's code has 2, 6, 9 or 12 digits; this is not of that form"),
    ],
)
def test_a_code_of_the_wrong_form_is_told_the_right_one(api: TestClient, path: str, words: str) -> None:
    assert words in assert_problem(api.get(path), 422, "invalid_input")["detail"]
