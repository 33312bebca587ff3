"""Routes that speak another geocoder's language: what they refuse is said in the form that its clients read."""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from gridmap.api.errors import said_of, status_of
from gridmap.errors import FieldError, InvalidInput

_UNUSABLE = 422


class WireRoute(APIRoute):
    """A route whose requests that can't be used are 400, as the geocoders that are spoken like have it."""

    @staticmethod
    @abstractmethod
    def refusal(status: int, message: str) -> dict[str, Any]:
        """The body that says so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (InvalidInput, RequestValidationError, HTTPException) as error:
                status, message = _told(error)
                return JSONResponse(self.refusal(status, message), status)

        return answer


def _told(error: InvalidInput | RequestValidationError | HTTPException) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    if isinstance(error, RequestValidationError):
        return 400, said_of(error)
    status = status_of(error)
    return 400 if status == _UNUSABLE else status, error.detail


def refused(where: str, message: str) -> InvalidInput:
    """A parameter that can't be used."""
    return InvalidInput(message, errors=[FieldError(where, message)])
