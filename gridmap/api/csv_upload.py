"""A table that comes with a request, as the body or as a file of a form, kept on disk while it is answered."""

import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Annotated, BinaryIO, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from gridmap.api.bulk import charset_of
from gridmap.errors import FieldError, InvalidInput, TooLarge, UnknownMediaType
from gridmap.exchange.address_csv import CsvTable
from gridmap.exchange.csv_lines import GZIP

_IN_MEMORY, _LARGEST = 1 << 20, 1 << 30
_PIECE = 1 << 20
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_OTHERS = frozenset({"application/vnd.apache.arrow.stream", "application/xml", "text/xml", "text/html"})
_CODINGS = frozenset({"", "identity", "gzip", "x-gzip"})


@dataclass(frozen=True, slots=True)
class CsvUpload:
    """A table and what was asked with it: the fields of the form, and the parameters of the address.

    `name` is what its file is called; `charset` what its content type says of its encoding.
    """

    file: BinaryIO
    asked: dict[str, list[str]] = field(default_factory=dict)
    name: str = ""
    charset: str | None = None

    def table(self) -> CsvTable:
        """What is in the file, read as `encoding`, `delimiter` and `quote` say. Raises InvalidInput."""
        return CsvTable(
            self.file, self.one("encoding"), self.one("delimiter"), quote=self.one("quote"), hint=self.charset
        )

    def one(self, name: str) -> str | None:
        """A parameter that has one value."""
        return next((value for value in self.asked.get(name, ()) if value), None)

    def many(self, *names: str) -> list[str]:
        """A parameter that may have several values, by any of its names."""
        return [value for name in names for value in self.asked.get(name, ()) if value]


async def read_upload(request: Request) -> AsyncIterator[CsvUpload]:
    """The table of a request, as the body (`text/csv`) or in the form's `data` or `file`, as addok has it.

    It may be compressed by gzip. Raises InvalidInput without one, TooLarge, UnknownMediaType.
    """
    if request.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        message = "a table may be compressed by gzip, or not at all"
        raise UnknownMediaType(f"Content-Encoding: {message}", errors=[FieldError("Content-Encoding", message)])
    asked = {name: request.query_params.getlist(name) for name in request.query_params}
    # Closed behind the answer, which is streamed from it.
    with SpooledTemporaryFile(_IN_MEMORY) as spooled, SpooledTemporaryFile(_IN_MEMORY) as unpacked:
        async with AsyncExitStack() as form:
            if request.headers.get("content-type", "").startswith(_FORMS):
                given = _file_of_form(await form.enter_async_context(request.form()), asked)
                file, name, said = given.file, given.filename or "", given.headers.get("content-type", "")
            else:
                _check_type(request.headers.get("content-type", ""))
                await _spool(request, spooled)
                file, name, said = cast("BinaryIO", spooled), "", request.headers.get("content-type", "")
            if await run_in_threadpool(_unpack, file, unpacked):
                file = cast("BinaryIO", unpacked)
            yield CsvUpload(file, asked, name, charset_of(said))


def _file_of_form(form: FormData, asked: dict[str, list[str]]) -> UploadFile:
    """The file; the other fields are put to what is asked."""
    for name, value in form.multi_items():
        if isinstance(value, str):
            asked.setdefault(name, []).append(value)
    given = next((form[name] for name in ("data", "file") if isinstance(form.get(name), UploadFile)), None)
    if not isinstance(given, UploadFile):
        raise _no_file()
    if (given.size or 0) > _LARGEST:
        raise _too_large()
    return given


async def _spool(request: Request, spooled: "SpooledTemporaryFile[bytes]") -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST:
            raise _too_large()
        spooled.write(chunk)
    if not size:
        raise _no_file()


def _unpack(file: BinaryIO, unpacked: "SpooledTemporaryFile[bytes]") -> bool:
    """Whether the file was compressed; then what it holds is in the other."""
    file.seek(0)
    packed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    if packed:
        size = 0
        try:
            with gzip.open(file) as inside:
                for piece in iter(partial(inside.read, _PIECE), b""):
                    size += len(piece)
                    if size > _LARGEST:
                        raise _too_large()
                    unpacked.write(piece)
        except (OSError, EOFError, zlib.error) as error:
            message = f"what is compressed can't be read: {error}"
            raise InvalidInput(f"data: {message}", errors=[FieldError("data", message)]) from None
    return packed


def _check_type(content_type: str) -> None:
    """Raises UnknownMediaType for a body that says it is something else; most programs call a table anything."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json") or kind in _OTHERS:
        message = f"{kind} is not read here; text/csv is, or a form (multipart/form-data) with the file in data"
        raise UnknownMediaType(f"Content-Type: {message}", errors=[FieldError("Content-Type", message)])


def _no_file() -> InvalidInput:
    message = "a CSV file is wanted, in the form's field data, or as the body with Content-Type: text/csv"
    return InvalidInput(f"data: {message}", errors=[FieldError("data", message)])


def _too_large() -> TooLarge:
    message = f"larger than {_LARGEST >> 30} GiB"
    return TooLarge(f"data: {message}", errors=[FieldError("data", message)])


CsvUploadDep = Annotated[CsvUpload, Depends(read_upload)]
