"""The address index of one process told to another: by the mapped file that both share, and what was laid over it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.known_names import Names, make_index
from gridmap.addresses.search.table import Doors, read_doors_file
from gridmap.errors import SnapshotDamaged

if TYPE_CHECKING:
    # It knows the database, which takes the processes that unpack a second to import.
    from gridmap.snapshot.addresses import Served


@dataclass(frozen=True, slots=True)
class Packed:
    """What it takes to make the same index again in another process of this machine."""

    path: Path
    database: str
    base: str
    names: Names
    changed: frozenset[str]
    over: tuple[bytes, ...]
    """The tables that lie over the file."""


def pack(served: "Served", path: Path) -> Packed:
    """An index whose first part is the file at a path."""
    over = tuple(_written(part.table) for part in served.index.parts[1:])
    return Packed(path, served.database, served.base, served.names, served.changed, over)


def unpack(packed: Packed) -> AddressIndex:
    """The same index. Raises SnapshotDamaged when the file is not the one that was meant any more."""
    table, facts = read_doors_file(packed.path)
    if (facts["database"], facts["reached"]) != (packed.database, packed.base):
        raise SnapshotDamaged(f"the address file {packed.path.name} was written anew meanwhile")
    parts = [Doors(table), *(Doors(pa.ipc.open_stream(data).read_all()) for data in packed.over)]
    return make_index(packed.names, parts, packed.changed, None)


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
