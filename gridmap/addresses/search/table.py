"""The doors of a register as flat arrays in an Arrow file: mapped into memory, shared by all workers, read without a
database."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.addresses.search.door import NAMES, door_value
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.errors import SnapshotDamaged
from gridmap.geo.arrays import FloatArray

FORMAT = "gridmap addresses 1"
_TEXT = pa.dictionary(pa.int32(), pa.string())
COLUMNS = ("code", "village", "label", *DOOR_SEGMENTS, "lon", "lat", "grid")
"""What a door is told by: its code, its village's, its label, its segments, its point and its grid or None."""
SCHEMA = pa.schema(
    [
        pa.field("code", pa.string()),
        pa.field("village", _TEXT),
        pa.field("label", pa.string()),
        *(pa.field(name, _TEXT) for name in DOOR_SEGMENTS),
        pa.field("lon", pa.float64()),
        pa.field("lat", pa.float64()),
        pa.field("grid", pa.string()),
        pa.field("place", pa.int64()),
        pa.field("door", pa.list_(pa.int32(), len(DOOR_SEGMENTS))),
        pa.field("by_lat", pa.int32()),
    ]
)


class Row(NamedTuple):
    """A door as an answer tells it."""

    code: str
    village: str
    label: str
    segments: dict[str, str]
    lon: float
    lat: float
    grid: str | None


def build_doors(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Doors in any order, as `COLUMNS`, made ready to be searched: sorted by village and door."""
    made = {name: pa.array(columns[name]) for name in COLUMNS}
    for name in ("village", *DOOR_SEGMENTS):
        made[name] = _encoded(made[name])
    door = np.stack([_values(name, made[name]) for name in DOOR_SEGMENTS], axis=1)
    village = np.array(made["village"].to_pylist(), dtype="U12")
    order = np.lexsort((*(door[:, at] for at in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)), village))
    sorted_columns = {name: made[name].take(pa.array(order)) for name in COLUMNS}
    lat = sorted_columns["lat"].to_numpy()
    sorted_columns |= {
        "place": pa.array(_places(sorted_columns["grid"], sorted_columns["village"])),
        "door": pa.FixedSizeListArray.from_arrays(pa.array(door[order].reshape(-1)), len(DOOR_SEGMENTS)),
        "by_lat": pa.array(np.argsort(lat, kind="stable").astype(np.int32)),
    }
    return pa.table(sorted_columns, schema=SCHEMA)


def columns_of(rows: Iterable[Sequence[object]]) -> dict[str, pa.Array]:
    """The columns of rows whose values stand in the order of `COLUMNS`."""
    listed = list(rows)
    kinds = {"lon": pa.float64(), "lat": pa.float64()}
    values = list(zip(*listed, strict=True)) if listed else [()] * len(COLUMNS)
    return {name: pa.array(values[at], kinds.get(name, pa.string())) for at, name in enumerate(COLUMNS)}


def joined(parts: Sequence[Mapping[str, pa.Array]]) -> dict[str, pa.Array]:
    """The columns of several batches as one."""
    return {name: pa.concat_arrays([part[name] for part in parts]) for name in COLUMNS}


def write_doors(path: Path, table: pa.Table, facts: Mapping[str, Any]) -> None:
    """Writes a file, whole or not at all, with what else is to be known of it."""
    meta = {b"format": FORMAT.encode(), b"facts": json.dumps(facts, ensure_ascii=False).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"unfinished-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        whole = table.combine_chunks().replace_schema_metadata(meta)
        with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
            writer.write_table(whole)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_doors_file(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Maps a file into memory; the doors and what else is known of them. Raises SnapshotDamaged."""
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        meta = table.schema.metadata or {}
        if meta.get(b"format") != FORMAT.encode() or not table.schema.equals(SCHEMA):
            raise SnapshotDamaged(f"the address file {path.name} has another format than this gridmap reads")
        return table, json.loads(meta[b"facts"])
    except (OSError, pa.ArrowInvalid, ValueError, KeyError) as error:
        raise SnapshotDamaged(f"the address file {path.name} can't be read: {error}") from error


class Doors:
    """The doors of a table, village by village.

    Arrow's own ways to NumPy have pandas imported, half a second and 40 MB of every process; they are not used here.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table.combine_chunks()
        self.door: npt.NDArray[np.int32] = _numbers_of(_flat(self.table, "door").flatten()).reshape(-1, 10)
        self.lon: FloatArray = _numbers(self.table, "lon")
        self.lat: FloatArray = _numbers(self.table, "lat")
        self.place: npt.NDArray[np.int64] = _numbers(self.table, "place")
        self.by_lat: npt.NDArray[np.int32] = _numbers(self.table, "by_lat")
        self.codes, self.village = _words(self.table, "village")
        self.ranges = self._ranges()
        self._code, self._label, self._grid = (_Texts(self.table, name) for name in ("code", "label", "grid"))
        self._segments = [(name, *_words(self.table, name)) for name in DOOR_SEGMENTS]

    @classmethod
    def of(cls, rows: Iterable[Sequence[object]]) -> Self:
        """Of rows whose values stand in the order of `COLUMNS`."""
        return cls(build_doors(columns_of(rows)))

    def __len__(self) -> int:
        return len(self.village)

    def row(self, at: int) -> Row:
        """One door."""
        segments = {name: texts[word] for name, texts, words in self._segments if (word := words.item(at)) >= 0}
        return Row(
            self._code[at], self.codes[self.village.item(at)], self._label[at], segments, self.lon.item(at),
            self.lat.item(at), self._grid[at] or None,
        )  # fmt: skip

    def find(self, code: str) -> int | None:
        """The row of a code."""
        numbers, rows = self._by_number
        number = _code_number(code)
        at = int(np.searchsorted(numbers, number))
        if at == len(numbers) or numbers[at] != number or self._code[int(rows[at])] != code:
            return None
        return int(rows[at])

    @cached_property
    def _by_number(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The codes' numbers in their order and the row of each: a dictionary of a million would fill the memory."""
        numbers = pc.utf8_slice_codeunits(_flat(self.table, "code"), 1).cast(pa.int64()).to_numpy()
        rows = np.argsort(numbers, kind="stable")
        return numbers[rows], rows

    def names(self) -> list[tuple[str, str, str]]:
        """All names of hamlets, streets and estates, and of groups that have one: village, segment, name."""
        found = []
        for segment in ("group_name", *NAMES):
            texts, indices = _words(self.table, segment)
            said = indices >= 0
            pairs = np.unique(self.village[said].astype(np.int64) << 32 | indices[said])
            for pair in pairs.tolist():
                name = texts[pair & 0xFFFFFFFF]
                if not name[0].isdigit():
                    found.append((self.codes[pair >> 32], segment, name))
        return found

    def _ranges(self) -> dict[str, tuple[int, int]]:
        """The rows of each village: first and end."""
        if not len(self.village):
            return {}
        cuts = np.flatnonzero(np.diff(self.village)) + 1
        firsts = [0, *cuts.tolist()]
        ends = [*cuts.tolist(), len(self.village)]
        codes = (self.codes[at] for at in self.village[firsts].tolist())
        return {code: (first, end) for code, first, end in zip(codes, firsts, ends, strict=True)}


def _code_number(code: str) -> int:
    """The digits of a code, none of which is left out; -1 for what is no code."""
    digits = code[1:]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else -1


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    found = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return found.cast(_TEXT)


def _values(segment: str, column: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    """The number of each row's segment, computed once for each text."""
    texts = column.dictionary.to_pylist()
    values = np.array([*(door_value(segment, text) if text else -1 for text in texts), -1], np.int32)
    found: npt.NDArray[np.int32] = values[column.indices.fill_null(len(texts)).to_numpy()]
    return found


def _places(grid: pa.Array, village: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """Where a door counts to, as a number of 15 digits: its grid, or its village outside every grid."""
    by_village = pc.binary_join_element_wise(village.cast(pa.string()), "000", "")
    found: npt.NDArray[np.int64] = pc.coalesce(grid, by_village).cast(pa.int64()).to_numpy()
    return found


def _flat(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


class _Texts:
    """A column of texts; empty ones for none. Arrow takes five times as long to give one."""

    def __init__(self, table: pa.Table, name: str) -> None:
        self._ends = np.zeros(1, np.int32)
        self._signs = memoryview(b"")
        if table.num_rows:
            column = _flat(table, name)
            _, ends, signs = column.buffers()
            self._ends = np.frombuffer(ends, np.int32)[column.offset :]
            self._signs = memoryview(signs or b"")

    def __getitem__(self, at: int) -> str:
        return str(self._signs[self._ends.item(at) : self._ends.item(at + 1)], "utf-8")


def _words(table: pa.Table, name: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The words of a column, and for each row which of them it has: -1 for none."""
    if not table.num_rows:
        return [], np.empty(0, np.int32)
    column = _flat(table, name)
    indices = column.indices
    found = np.frombuffer(indices.buffers()[1], np.int32)[indices.offset :][: len(indices)]
    missing = np.from_dlpack(indices.is_null().cast(pa.int8()))
    return column.dictionary.to_pylist(), np.where(missing, np.int32(-1), found)


def _numbers(table: pa.Table, name: str) -> Any:
    if table.num_rows:
        return _numbers_of(_flat(table, name))
    return np.empty(0, table.schema.field(name).type.to_pandas_dtype())


def _numbers_of(column: Any) -> Any:
    return np.from_dlpack(column)
