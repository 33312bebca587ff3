"""Receiving a file: only from whom may import, never more than there is room for, and straight into its folder."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gridmap.api.security import CallerDep
from gridmap.errors import FieldError, InvalidInput, TooLarge
from gridmap.exchange.schema import ImportKind
from gridmap.exchange.uploads import UploadStore

_MIB = 1 << 20
_BLOCK = 1 << 18


async def get_uploads(request: Request) -> UploadStore:
    """The store of the installation's home."""
    store: UploadStore = request.app.state.uploads
    return store


UploadsDep = Annotated[UploadStore, Depends(get_uploads)]


@dataclass(frozen=True, slots=True)
class Received:
    """An upload whose files are there, and what it was said to hold; `name` is that of a reference layer."""

    id: str
    kind: ImportKind
    name: str | None


async def receive(
    request: Request,
    _: CallerDep,
    store: UploadsDep,
    kind: Annotated[ImportKind, Query(description="What the file holds.")],
    filename: Annotated[str, Query(max_length=300, description="What a file sent as plain bytes is called.")] = "",
    name: Annotated[str | None, Query(max_length=40, description="The name of a reference layer.")] = None,
) -> Received:
    """Writes what is sent, as plain bytes or as a form's files, into an upload of its own.

    Raises InvalidInput without a file or a name, TooLarge; nothing is left behind then. All parameters of the route
    are taken here, because the body must not be written when one of them is wrong.
    """
    upload_id = store.open_new()
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            await _receive_form(request, store, upload_id)
        else:
            await _receive_bytes(request, store, upload_id, filename)
    except BaseException:
        store.remove(upload_id)
        raise
    return Received(upload_id, kind, name)


ReceivedDep = Annotated[Received, Depends(receive)]


async def _receive_bytes(request: Request, store: UploadStore, upload_id: str, filename: str) -> None:
    if not filename.strip():
        message = "say what the file is called, such as grids.zip: the format is told from it and its bytes"
        raise InvalidInput(f"filename: {message}", errors=[FieldError("filename", message, "missing")])
    _, sink = store.create_file(upload_id, filename)
    written = 0
    with sink:
        async for block in _bounded(request, store):
            written += len(block)
            sink.write(block)
    if not written:
        raise InvalidInput("No file was sent.", errors=[FieldError("file", "it is empty", "missing")])


async def _receive_form(request: Request, store: UploadStore, upload_id: str) -> None:
    try:
        form = await MultiPartParser(request.headers, _bounded(request, store), max_fields=20).parse()
    except (MultiPartException, MultipartParseError) as error:
        raise InvalidInput("The form can't be read; send the file as multipart/form-data or as plain bytes.") from error
    async with _closing(form.multi_items()) as files:
        for file in files:
            _, sink = store.create_file(upload_id, file.filename or "")
            with sink:
                while block := await file.read(_BLOCK):
                    sink.write(block)
    if not files:
        raise InvalidInput("The form holds no file.", errors=[FieldError("file", "a file is wanted", "missing")])


class _closing:  # noqa: N801  # as contextlib.closing
    """The files of a form, whose temporary copies go at the end."""

    def __init__(self, items: list[tuple[str, UploadFile | str]]) -> None:
        self._files = [value for _, value in items if isinstance(value, UploadFile)]

    async def __aenter__(self) -> list[UploadFile]:
        return self._files

    async def __aexit__(self, *_: object) -> None:
        for file in self._files:
            await file.close()


async def _bounded(request: Request, store: UploadStore) -> AsyncGenerator[bytes, None]:
    """The body as it comes, until it is more than an upload may be, whatever its headers say."""
    most = store.limits.file_bytes
    taken = 0
    async for block in request.stream():
        taken += len(block)
        if taken > most:
            raise TooLarge(f"More than {most // _MIB} MiB are not taken; hand the data over in parts.")
        yield block
