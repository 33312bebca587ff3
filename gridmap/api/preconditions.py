"""`If-Match` and the ETag of single records: a change made on an old reading is refused, not laid over a newer one."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from gridmap.errors import FieldError, InvalidInput

_ROW_ETAG = re.compile(r'^(?:W/)?"(\d{1,9})"$', re.ASCII)


def tag_row(response: Response, row_version: int) -> None:
    """Puts a record's ETag on the answer, the quoted row version that `If-Match` takes back."""
    response.headers["ETag"] = f'"{row_version}"'


def asked_row_version(
    if_match: Annotated[str | None, Header(description="The ETag of the record as it was read.")] = None,
) -> int | None:
    """The row version that a change is meant for; None without `If-Match` or with ``*``. Raises InvalidInput."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ROW_ETAG.fullmatch(if_match.strip())
    if match is None:
        message = 'the ETag of the record as it was read is wanted, such as "3"'
        raise InvalidInput(f"If-Match: {message}", errors=[FieldError("If-Match", message)])
    return int(match[1])


IfMatchDep = Annotated[int | None, Depends(asked_row_version)]
