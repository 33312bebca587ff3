"""Domain errors as problem+json (RFC 9457): one table gives each class its status."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from gridmap.api.deps import NotModified
from gridmap.api.security import sign_in_page
from gridmap.api.sentences import sentences_out
from gridmap.errors import (
    Conflict,
    DatabaseUnavailable,
    FieldError,
    Forbidden,
    GridmapError,
    InvalidInput,
    NotFound,
    RowChanged,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownMediaType,
    one_of,
)
from gridmap.sentences import Sentence, say, sentences_in

log = logging.getLogger(__name__)

_STATUS: dict[type[GridmapError], int] = {
    GridmapError: 500,
    InvalidInput: 422,
    TooLarge: 413,
    UnknownMediaType: 415,
    NotFound: 404,
    Conflict: 409,
    RowChanged: 412,
    Unauthenticated: 401,
    Forbidden: 403,
    Unavailable: 503,
}
_TITLES = {
    400: "Bad request",
    401: "Sign in or show a key",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed since it was read",
    413: "Too large",
    415: "Content type not accepted",
    422: "Invalid input",
    500: "Internal error",
    503: "Not available just now",
}


_DIVISION_FORMS = (
    r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$",
    r"^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12})$",
    r"^\d{2}(\d{4}(\d{3}(\d{3})?)?)?$",
)


_WHOLE = say("whole_number", "a whole number is wanted")
_NUMBER = say("number_wanted", "a number is wanted, such as 103.507")
_PLAIN = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "date": say("day_form", "a day such as 2026-11-30 is wanted"),
    "missing": say("field_wanted", "this is wanted"),
    "string_type": say("text_wanted", "text is wanted"),
    "extra_forbidden": say("not_known_here", "there is no such field here"),
    "json_invalid": say("json_wanted", "this is no JSON"),
    "model_attributes_type": say("object_wanted", "a JSON object is wanted, sent as application/json"),
}


def status_of(error: GridmapError) -> int:
    """The HTTP status of a domain error, looked up along its class tree."""
    return next(_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS)


def problem(
    status: int, detail: str, code: str, errors: Sequence[FieldError] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer of type application/problem+json."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = [{"where": e.where, "message": e.message, "code": e.code} for e in errors]
    told = sentences_out(sentences_in([detail, *(e.message for e in errors)]))
    if told:
        body["sentences"] = {words: [part.model_dump() for part in parts] for words, parts in told.items()}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def add_error_handlers(app: FastAPI) -> None:
    """Makes every error that leaves a route a problem+json without internal text."""
    app.add_exception_handler(GridmapError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(NotModified, _not_modified)


def _domain(request: Request, error: Exception) -> Response:
    if not isinstance(error, GridmapError):
        raise error
    status = status_of(error)
    if status == 500:
        raise error
    if status == 401 and (page := sign_in_page(request)):
        return page
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    # For `api.offline`, which answers a reading of the map from the snapshot then.
    request.state.database_away = isinstance(error, DatabaseUnavailable)
    if isinstance(error, Unavailable):
        headers = {"Retry-After": str(error.retry_after_s)}
    return problem(status, error.detail, error.code, error.errors, headers)


def _validation(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(422, said_of(error), "invalid_input", _fields(error))


def said_of(error: RequestValidationError) -> str:
    """Every field that can't be used, and why, in one line."""
    return "; ".join(f"{e.where}: {e.message}" for e in _fields(error))


def _fields(error: RequestValidationError) -> list[FieldError]:
    return [FieldError(_where(e), _message(e), e["type"]) for e in error.errors()]


def _where(error: Mapping[str, Any]) -> str:
    """The field; of what can't be read at all the body, not the letter where reading ended."""
    place, *field = error["loc"]
    return ".".join(map(str, field)) if field and error["type"] != "json_invalid" else str(place)


def _message(error: Mapping[str, Any]) -> str:
    """What pydantic found, in our words; for a code of the wrong form, the form."""
    kind, context, message = str(error["type"]), error.get("ctx", {}), str(error["msg"])
    if kind == "string_pattern_mismatch":
        return _form(str(context["pattern"]), str(error["input"])) or message
    if kind == "value_error" and isinstance(context.get("error"), ValueError):
        return next((told for told in context["error"].args if isinstance(told, Sentence)), None) or _bare(message)
    return _said(kind, context) or _bare(message)


def _bare(message: str) -> str:
    return message.removeprefix("Value error, ")


def _said(kind: str, context: Mapping[str, Any]) -> Sentence | None:
    match kind:
        case "greater_than_equal":
            said = say("at_least", "{least} or more is wanted", least=context["ge"])
        case "less_than_equal":
            said = say("at_most", "{most} or less is wanted", most=context["le"])
        case "string_too_short":
            said = say("at_least_characters", "at least {least} characters are wanted", least=context["min_length"])
        case "string_too_long":
            said = say("at_most_characters", "at most {most} characters are wanted", most=context["max_length"])
        case "literal_error":
            said = one_of(str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", "))
        case _:
            return _PLAIN.get("date" if kind.startswith("date_") else kind)
    return said


def _form(pattern: str, given: str) -> Sentence | None:
    """The form of a code, and what the given one is instead."""
    form: Sentence | None = None
    if digits := re.fullmatch(r"\^\[0-9\]\{(\d+)\}\$", pattern):
        form = say("digits_form", "{digits} digits are wanted", digits=digits[1])
    elif record := re.fullmatch(r"\^([A-Z])\[0-9\]\{14\}\$", pattern):
        form = say("record_form", "{letter} and 14 digits are wanted, such as {letter}62302200000001", letter=record[1])
    elif pattern in _DIVISION_FORMS:
        form = say("division_form", "a division's code has 2, 6, 9 or 12 digits")
    elif re.fullmatch(r"\^\((\[0-9\]\{\d+\}\|?)+\)\$", pattern):
        lengths = re.findall(r"\{(\d+)\}", pattern)
        form = say(
            "code_form",
            "a code of {digits} or {last} digits is wanted",
            digits=", ".join(lengths[:-1]),
            last=lengths[-1],
        )
    return None if form is None else Sentence.joined([form, _given(given)])


def _given(given: str) -> Sentence:
    if given.isdecimal():
        return say("given_digits", "this has {count}", count=len(given))
    return say("given_otherwise", "this is not of that form")


def _not_modified(_: Request, error: Exception) -> Response:
    if not isinstance(error, NotModified):
        raise error
    return Response(status_code=304, headers={"ETag": error.etag})


def _http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return problem(error.status_code, str(error.detail), code, headers=dict(error.headers or {}))


def unexpected(request_id: str, error: Exception) -> JSONResponse:
    """The answer to an error nobody foresaw: logged in full, told by its number only."""
    log.error("request %s failed", request_id, exc_info=error)
    detail = f"Something went wrong inside gridmap. Tell the administrator this number: {request_id}."
    return problem(500, detail, "internal_error")
