"""A table that comes with a request, as the body or as a file of a form, kept on disk while it is answered."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Annotated, BinaryIO, cast

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from gridmap.errors import FieldError, InvalidInput

_IN_MEMORY, _LARGEST = 1 << 20, 1 << 30
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class CsvUpload:
    """A table and what was asked with it: the fields of the form, and the parameters of the address."""

    file: BinaryIO
    asked: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """A parameter that has one value."""
        return next((value for value in self.asked.get(name, ()) if value), None)

    def many(self, *names: str) -> list[str]:
        """A parameter that may have several values, by any of its names."""
        return [value for name in names for value in self.asked.get(name, ()) if value]


async def read_upload(request: Request) -> AsyncIterator[CsvUpload]:
    """The table of a request, as the body (`text/csv`) or in the form's `data` or `file`, as addok has it.

    Raises InvalidInput without one.
    """
    asked = {name: request.query_params.getlist(name) for name in request.query_params}
    if request.headers.get("content-type", "").startswith(_FORMS):
        form = await request.form()
        for name, value in form.multi_items():
            if isinstance(value, str):
                asked.setdefault(name, []).append(value)
        given = next((form[name] for name in ("data", "file") if isinstance(form.get(name), UploadFile)), None)
        if not isinstance(given, UploadFile):
            raise InvalidInput("data: a CSV file is wanted", errors=[FieldError("data", "a CSV file is wanted")])
        yield CsvUpload(given.file, asked)
        return
    # Closed behind the answer, which is streamed from it.
    with SpooledTemporaryFile(_IN_MEMORY) as spooled:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > _LARGEST:
                raise InvalidInput("data: larger than 1 GiB", errors=[FieldError("data", "larger than 1 GiB")])
            spooled.write(chunk)
        if not size:
            raise InvalidInput("data: a CSV file is wanted", errors=[FieldError("data", "a CSV file is wanted")])
        yield CsvUpload(cast("BinaryIO", spooled), asked)


CsvUploadDep = Annotated[CsvUpload, Depends(read_upload)]
