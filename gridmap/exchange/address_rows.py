"""Rows of address registers as addresses: one free text, a column for each part, or some of both."""

from collections.abc import Mapping
from typing import NamedTuple

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import parse
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.addresses.wording import BadWording, segments_of_parts, segments_of_text
from gridmap.exchange.codes import BadCode, division_code
from gridmap.exchange.records import Record
from gridmap.sentences import Sentence, as_sentence, say

_MOST_VILLAGES = 3000
_DIVISIONS = ("province", "prefecture", "county", "township", "village_name")


class ReadRow(NamedTuple):
    """The address that a row names, or why it names none."""

    segments: Segments
    label: str
    refusal: Sentence | None = None


class AddressReader:
    """Reads each row once: where it belongs is asked before it is loaded."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._read: dict[tuple[str, int], ReadRow] = {}

    def villages(self) -> set[str]:
        """All villages that rows may name; none where they are too many to look at the ground of each."""
        found = {code for code, known in self._gazetteer.known.items() if known.place.level == "village"}
        return found if len(found) <= _MOST_VILLAGES else set()

    def counties(self) -> list[str]:
        """The codes of six digits, under which registers are kept."""
        return sorted({code[:6] for code in self._gazetteer.known if len(code) >= 6})

    def read(self, record: Record) -> ReadRow:
        """The address of a row."""
        key = record.table, record.row
        if key not in self._read:
            self._read[key] = self._of(record)
        return self._read[key]

    def village_of(self, record: Record) -> str | None:
        """The village that a row names."""
        return self.read(record).segments.village_code

    def _of(self, record: Record) -> ReadRow:
        try:
            segments = self._segments(record)
        except (BadWording, BadCode) as error:
            record.at_fault = _at_fault(record, error)
            return ReadRow(
                Segments(), _said(record), error.said if isinstance(error, BadCode) else as_sentence(error.detail)
            )
        return ReadRow(segments, format_label(segments))

    def _segments(self, record: Record) -> Segments:
        village = division_code(record.fields.get("village"), "village")[0] if record.text("village") else None
        parts = {name: value for name in DOOR_SEGMENTS if (value := record.text(name)) is not None}
        above = "".join(record.text(name) or "" for name in _DIVISIONS)
        label = record.text("label") or ""
        if label:
            try:
                return self._completed(segments_of_text(self._gazetteer, label, village), parts)
            except BadWording:
                # 地址 may hold the village only, or only what stands below it: other columns have the rest.
                if not (parts or above):
                    raise
        if not (above or label or village):
            if not any(name in record.columns for name in ("village", "label", *_DIVISIONS)):
                raise BadCode(
                    say("no_village_column", "no column tells the village or the address; say which one does")
                )
            raise BadCode(say("no_address", "it has no address"))
        return self._of_columns(above + label, village, parts)

    def _completed(self, said: Segments, parts: Mapping[str, str]) -> Segments:
        """What the text says, with what only columns say. Raises BadCode when they contradict it."""
        if all(getattr(said, name) == value for name, value in parts.items()):
            return said
        whole = segments_of_parts(self._gazetteer, said.village_code or "", {**_doors(said), **parts})
        for name in parts:
            if getattr(said, name) not in {None, getattr(whole, name)}:
                message = say(
                    "address_columns_differ",
                    "the address says {text}, its column for {field} {column}",
                    text=getattr(said, name),
                    field=name,
                    column=getattr(whole, name),
                )
                raise BadCode(message)
        return whole

    def _of_columns(self, text: str, village: str | None, parts: Mapping[str, str]) -> Segments:
        """Parts say more than their run: 3 in a column of groups is 3组. The run tells the village."""
        parsed = parse(self._gazetteer, text)
        if parsed.left_over or (village is None and parsed.segments.village_code is None):
            return segments_of_text(self._gazetteer, text + "".join(parts.values()), village)
        return segments_of_parts(
            self._gazetteer, village or parsed.segments.village_code or "", {**_doors(parsed.segments), **parts}
        )


def _at_fault(record: Record, error: BadWording | BadCode) -> str | None:
    """The heading of the cell that is refused: that of the field, else of the first whose words are quoted."""
    where = [each.where for each in error.errors] if isinstance(error, BadWording) else []
    said = str(error)
    quoted = (name for name in (*_DIVISIONS, *DOOR_SEGMENTS) if len(record.text(name) or "") > 1)
    found = [*where, *(name for name in quoted if (record.text(name) or "") in said)]
    return next((record.columns[name] for name in found if name in record.columns), None)


def _doors(segments: Segments) -> dict[str, str]:
    return {name: value for name in DOOR_SEGMENTS if (value := getattr(segments, name)) is not None}


def _said(record: Record) -> str:
    names = (*_DIVISIONS, "label", *DOOR_SEGMENTS)
    return "".join(record.text(name) or "" for name in names)
