"""Points in Arrow: record batches with a code and a status put behind their columns, and the IPC stream of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.csv_lines import free_names
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.csv_points import LAYER_COLUMNS
from gridmap.geo.arrays import FloatArray
from gridmap.snapshot.bulk import BulkLocator

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
LARGEST_MESSAGE = 1 << 30
"""A record batch is held whole; one larger than this is refused."""

_AT_ONCE = 1 << 18
_CONTINUATION = b"\xff\xff\xff\xff"
_SCHEMA, _RECORD_BATCH = "schema", "record batch"


class BatchLocator:
    """Locates the rows of record batches of one schema. Raises InvalidInput when it hasn't the columns."""

    def __init__(self, locator: BulkLocator, schema: pa.Schema, x: str = "lon", y: str = "lat") -> None:
        self.counts = Counts()
        self._locator = locator
        self._places = [_place(schema, name, parameter) for name, parameter in ((x, "x"), (y, "y"))]
        code, status, codes = free_names(schema.names, LAYER_COLUMNS)
        added = [pa.field(code, pa.string()), pa.field(status, pa.string())]
        if locator.in_layer:
            added.append(pa.field(codes, pa.list_(pa.string())))
        self.schema = pa.schema([*schema, *added], metadata=schema.metadata)

    def locate(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows of a batch with their answers, so many at a time; an empty batch stays one."""
        for first in range(0, max(batch.num_rows, 1), _AT_ONCE):
            part = batch.slice(first, _AT_ONCE)
            x, y = (_numbers(part.column(place)) for place in self._places)
            yield pa.RecordBatch.from_arrays([*part.columns, *self._answers(x, y)], schema=self.schema)

    def _answers(self, x: FloatArray, y: FloatArray) -> list[Any]:
        answers = self._locator.locate(x, y)
        self.counts.add(answers.status)
        codes = self._locator.codes
        told = [codes.take(pa.array(answers.position, mask=answers.position < 0)), answers.status_names()]
        if answers.start is not None:
            all_codes = codes.take(pa.array(answers.all_codes))
            told.append(pa.ListArray.from_arrays(pa.array(answers.start, pa.int32()), all_codes))
        return told


class ArrowPoints:
    """Locates the rows of one IPC stream, fed to it in pieces of any size; batches are answered as they are whole."""

    content_type = MEDIA_TYPE

    def __init__(self, locator: BulkLocator, x: str = "lon", y: str = "lat") -> None:
        self.counts = Counts()
        self._locator = locator
        self._wanted = (x, y)
        self._rest = b""
        self._known = b""
        self._batches: BatchLocator
        self._sink = _Sink()

    def feed(self, data: bytes, *, last: bool = False) -> list[bytes | memoryview]:
        """What comes back for the batches that are whole by now; the stream's end with `last`.

        Raises InvalidInput for what is no Arrow stream, hasn't the columns, or breaks off.
        """
        data, at = self._rest + data, 0
        while (size := _message_size(data, at)) is not None and at + size <= len(data):
            self._take(data[at : at + size])
            at += size
        self._rest = data[at:]
        if last:
            self._end()
        return self._sink.taken()

    def _take(self, message: bytes) -> None:
        """Schema and dictionaries are kept, for they are needed to read the batches behind them."""
        try:
            kind = pa.ipc.read_message(message).type if len(message) > 8 else None
            if kind == _RECORD_BATCH and self._known:
                self._answer(message)
            elif kind is not None:
                self._known += message
                if kind == _SCHEMA:
                    self._begin(pa.ipc.open_stream(self._known).schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise _broken(f"the Arrow stream can't be read: {error}") from None

    def _begin(self, schema: pa.Schema) -> None:
        self._batches = BatchLocator(self._locator, schema, *self._wanted)
        self._batches.counts = self.counts
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._writer = pa.ipc.new_stream(self._sink.file, self._batches.schema, options=options)

    def _answer(self, message: bytes) -> None:
        for batch in pa.ipc.open_stream(self._known + message):
            for answered in self._batches.locate(batch):
                self._writer.write_batch(answered)

    def _end(self) -> None:
        if not self._known or self._rest.strip(b"\0"):
            raise _broken("the Arrow stream breaks off")
        self._writer.close()


class _Sink:
    """Where the writer writes; what has been written can be taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.file = pa.PythonFile(self, mode="w")
        self.closed = False

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> list[bytes | memoryview]:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return [b"".join(parts)] if parts else []


def _message_size(data: bytes, at: int) -> int | None:
    """How many bytes the next message has with its body; None until its head is there.

    https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format; the body's length is the fourth
    field of the flatbuffer.
    """
    if len(data) < at + 8:
        return None
    if data[at : at + 4] != _CONTINUATION:
        raise _broken("this is no Arrow IPC stream")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    if size > LARGEST_MESSAGE:
        raise _broken("this is no Arrow IPC stream")
    if size == 0:
        return 8
    head = data[at + 8 : at + 8 + size]
    if len(head) < size:
        return None
    body = _body_size(head)
    if not 0 <= body <= LARGEST_MESSAGE:
        raise _broken(f"a record batch has {body:,} bytes; at most {LARGEST_MESSAGE:,} are taken")
    return 8 + size + body


def _body_size(head: bytes) -> int:
    table = int.from_bytes(head[:4], "little")
    vtable = table - int.from_bytes(head[table : table + 4], "little", signed=True)
    known = int.from_bytes(head[vtable : vtable + 2], "little")
    field = int.from_bytes(head[vtable + 10 : vtable + 12], "little") if known >= 12 else 0
    return int.from_bytes(head[table + field : table + field + 8], "little", signed=True) if field else 0


def _place(schema: pa.Schema, name: str, parameter: str) -> int:
    places = schema.get_all_field_indices(name)
    if len(places) != 1:
        found = f"there are {len(places)} columns" if places else "there is no column"
        message = f"{found} {name!r} for {parameter}; the columns are {', '.join(schema.names[:20])}"
        raise InvalidInput(message, errors=[FieldError(parameter, message, "column")])
    kind = schema.field(places[0]).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        message = f"the column {name!r} for {parameter} holds {kind}; numbers (float64) are wanted"
        raise InvalidInput(message, errors=[FieldError(parameter, message, "type")])
    return int(places[0])


def _numbers(column: pa.Array) -> FloatArray:
    """As float64, NaN for null."""
    found: FloatArray = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found.astype(np.float64, copy=False)


def _broken(message: str) -> InvalidInput:
    return InvalidInput(message, errors=[FieldError("body", message)])
