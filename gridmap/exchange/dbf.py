"""dBase tables (.dbf) read byte by byte: the driver would round 17-digit codes and guess the encoding."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import InvalidInput
from gridmap.exchange.encoding import Encoding, decode, detect, hinted_by
from gridmap.exchange.table import Value, unique_names
from gridmap.sentences import Sentence, say

_DELETED = 0x2A
_NUMBERS = {"N", "F"}


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    kind: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Dbf:
    """The attributes of a shapefile: one entry a record, None where the record is marked deleted."""

    columns: tuple[str, ...]
    records: tuple[tuple[Value, ...] | None, ...]
    problems: dict[int, Sentence]
    """What could not be decoded, by the record's place from 0."""
    encoding: Encoding


def load_dbf(path: Path, name: str, *, cpg: str | None = None, asked: Encoding | None = None) -> Dbf:
    """A table with every value as it is written: codes of any length are exact.

    Raises InvalidInput naming the file when the header or its length is broken.
    """
    data = path.read_bytes()
    fields, header_size, record_size, count = _header(data, name)
    body = memoryview(data)[header_size:]
    if len(body) < count * record_size:
        held = len(body) // record_size
        raise InvalidInput(
            say(
                "dbf_records",
                "{name} is broken: its header promises {count} records, {held} are there. Ask for it again.",
                name=name,
                count=count,
                held=held,
            )
        )
    raw = [bytes(body[i * record_size : (i + 1) * record_size]) for i in range(count)]
    encoding = asked or _detect(fields, raw, cpg, data[29])
    columns = unique_names([decode(field.name, encoding.name)[0] for field in fields])
    records: list[tuple[Value, ...] | None] = []
    problems: dict[int, Sentence] = {}
    for place, record in enumerate(raw):
        if record[0] == _DELETED:
            records.append(None)
            continue
        values = []
        for column, field in zip(columns, fields, strict=True):
            value, lost = _value(record[field.start : field.start + field.width], field.kind, encoding.name)
            values.append(value)
            if lost:
                problems[place] = say("of_column", "{column}: {message}", column=column, message=lost)
        records.append(tuple(values))
    return Dbf(columns, tuple(records), problems, encoding)


def _header(data: bytes, name: str) -> tuple[list[_Field], int, int, int]:
    if len(data) < 33:
        raise InvalidInput(say("dbf_short", "{name} is broken: it is too short to be a .dbf.", name=name))
    count, header_size, record_size = struct.unpack_from("<IHH", data, 4)
    fields: list[_Field] = []
    start = 1
    for offset in range(32, min(header_size, len(data)) - 1, 32):
        if data[offset] == 0x0D:
            break
        if offset + 32 > len(data):
            raise InvalidInput(say("dbf_header_cut", "{name} is broken: its header is cut off.", name=name))
        kind, width = chr(data[offset + 11]), data[offset + 16]
        # Only for text the byte of decimals is the high byte of the width.
        width += data[offset + 17] * 256 if kind == "C" else 0
        fields.append(_Field(data[offset : offset + 11].split(b"\0")[0], kind, start, width))
        start += width
    if not fields or start > record_size or header_size > len(data):
        raise InvalidInput(
            say("dbf_header_wrong", "{name} is broken: its header does not agree with itself.", name=name)
        )
    return fields, header_size, record_size, count


def _detect(fields: Sequence[_Field], raw: Sequence[bytes], cpg: str | None, ldid: int) -> Encoding:
    texts = [field.name for field in fields]
    for record in raw:
        texts += [record[f.start : f.start + f.width].rstrip(b" \0") for f in fields if f.kind == "C"]
    return detect(texts, hinted_by(cpg, ldid), ".cpg" if cpg else "LDID")


def _value(data: bytes, kind: str, encoding: str) -> tuple[Value, Sentence | None]:
    if kind in _NUMBERS:
        return _number(data.strip(b" \0").decode("ascii", "replace"))
    if kind == "L":
        return {b"T": True, b"t": True, b"Y": True, b"y": True, b"F": False, b"f": False}.get(data[:1]), None
    text, lost = decode(data.rstrip(b" \0"), encoding)
    return text or None, lost


def _number(text: str) -> tuple[Value, Sentence | None]:
    if not text or set(text) == {"*"}:
        return None, say("number_lost", "the number did not fit its field and is lost (****)") if text else None
    try:
        return (int(text) if text.lstrip("+-").isdigit() else float(text)), None
    except ValueError:
        return None, say("not_a_number", "{text!r} is not a number", text=text[:20])
