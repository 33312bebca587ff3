"""What the loaders of households, officers, pairs and posts have in common."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gridmap.errors import FieldError
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.loaders.context import CHANGED, NEW
from gridmap.exchange.records import Record
from gridmap.exchange.report import Loaded
from gridmap.sentences import Sentence, as_sentence, say

State = TypeVar("State")
_IDS = {
    "H": say("household_id", "household's id"),
    "P": say("officer_id", "officer's id"),
    "D": say("post_id", "post's id"),
}


@dataclass(slots=True)
class Read(Generic[State]):
    """What a sound row says: which record of the register it is of, and what that is to be."""

    record: Record
    key: Hashable
    id: str | None
    state: State
    is_new: bool
    changes: bool


def read_rows(loaded: Loaded, records: Sequence[Record], read: Callable[[Record], Read[State]]) -> list[Read[State]]:
    """The sound rows; the others, and those of one record that contradict each other, are rejected with the reason.

    Of repeated rows that say the same the first is taken; when they differ none is: nobody knows which one is right.
    """
    by_key: dict[Hashable, list[Read[State]]] = {}
    for record in records:
        try:
            row = read(_sound(record))
        except BadCode as error:
            loaded.reject(record, record.text("id"), error.said)
            continue
        by_key.setdefault(row.key, []).append(row)
    return [one for same in by_key.values() if (one := _one(loaded, same)) is not None]


def settle(loaded: Loaded, rows: Sequence[Read[State]], ids: Callable[[Read[State]], str | None]) -> None:
    """The fate of each row that is read and, where it says something new, written."""
    for row in rows:
        if row.changes:
            loaded.load(row.record, ids(row), NEW if row.is_new else CHANGED)
        else:
            loaded.keep(row.record, ids(row))


def _sound(record: Record) -> Record:
    """The row, if its file could be read there. Raises BadCode."""
    if record.problem is not None:
        raise BadCode(record.problem)
    return record


def _one(loaded: Loaded, same: list[Read[State]]) -> Read[State] | None:
    first, *others = same
    if any(other.state != first.state for other in others):
        rows = ", ".join(str(row.record.row) for row in same)
        for row in same:
            loaded.reject(
                row.record,
                row.id,
                say("rows_differ", "rows {rows} are of one record and say different things", rows=rows),
            )
        return None
    for other in others:
        loaded.reject(other.record, other.id, say("repeats_row", "repeats row {row}", row=first.record.row))
    return first


def of_fields(errors: Iterable[FieldError]) -> Sentence:
    """What a register finds wrong with the fields of a row."""
    return Sentence.joined(
        say("of_field", "{field}: {message}", field=error.where, message=as_sentence(error.message)) for error in errors
    )


def id_of(record: Record, field: str, letter: str) -> str | None:
    """A permanent id; None for an empty cell. Raises BadCode for what has not its form."""
    text = code_text(record.fields.get(field))
    if text is None:
        return None
    wanted = text.upper()
    if wanted[0] != letter or len(wanted) != 15 or not (wanted[1:].isascii() and wanted[1:].isdigit()):
        raise BadCode(
            say(
                "not_an_id",
                "{text!r} is no {what}: {letter} and 14 digits are wanted",
                text=text[:20],
                what=_IDS[letter],
                letter=letter,
            )
        )
    return wanted
