"""What a test says about a refused request."""

from typing import Any

from httpx2 import Response


def assert_problem(response: Response, status: int, code: str, *, where: str | None = None) -> dict[str, Any]:
    """The answer is problem+json with this status and code, and names the field; returns its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code), body
    if where is not None:
        assert where in [error["where"] for error in body["errors"]], body
    return body
