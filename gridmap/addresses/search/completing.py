"""What a text that is being typed may go on to."""

from collections.abc import Iterator

import numpy as np

from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.candidate import Candidate
from gridmap.addresses.search.door import NUMERIC, door_values
from gridmap.addresses.search.index import AddressIndex, Door, lies_in
from gridmap.addresses.search.kernels import GROUP, complete_numbers
from gridmap.addresses.search.matching import Ranges, Village
from gridmap.addresses.search.reading import Reading
from gridmap.addresses.search.score import Parts
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.geo.lonlat import LonLat

_COMPLETED = 40
_VILLAGES_COMPLETED, _LIKE_ENOUGH = 3, 0.7
_NAMED_PARTS = {"hamlet": "group", "group_name": "group", "street": "street", "estate": "estate"}


def completions(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> Iterator[Candidate]:
    """Doors whose number goes on from the one at the end of the text, or what in a village has a name that does."""
    if not text[-1].isdigit():
        yield from _names_going_on(index, text, asking, ranges)
        return
    for reading in index.reader.exact(text) or index.reader.alike(text)[:2]:
        village = index.village(reading.known.place.code, ranges) if reading.is_village else None
        last = max(reading.doors.spans.items(), key=lambda item: item[1][1], default=None)
        if village is None or last is None or not lies_in(reading.known, asking.prefixes):
            continue
        yield from _going_on(index, reading, village, last[0])
        moved = index.moved_from(reading.known.place.code, ranges)
        if moved is not None:
            yield from _going_on(index, reading, moved, last[0], moved=True)
        if any(item.kind == "number_word" for item in reading.doors.assumed) and len(reading.doors.values) == 1:
            yield from _groups_going_on(index, reading, village)


def _going_on(
    index: AddressIndex, reading: Reading, village: Village, segment: str, *, moved: bool = False
) -> Iterator[Candidate]:
    asked = np.array(door_values(reading.doors.values), np.int32)
    field = DOOR_SEGMENTS.index(segment)
    rows = np.empty(_COMPLETED, np.int32)
    count = complete_numbers(
        village.doors.door, village.doors.place, village.ranges, village.first, village.end, asked, field, rows
    )
    part = index.part_of(reading.known.place.code)
    column = village.doors.door[rows[:count], field].tolist()
    for row, value in sorted(zip(rows[:count].tolist(), column, strict=True), key=lambda pair: pair[1]):
        more = len(str(value)) - len(str(int(asked[field])))
        parts = Parts(reading.village, reading.upper, 0.9 - 0.05 * more, reading.rest, sure=0.7)
        door = index.moved_door(row) if moved else Door(part, row)
        known = reading.known if not moved or door is None else index.chain(index.row(door).village)
        if door is not None and known is not None:
            yield Candidate("door", known, parts, door, bears=moved)


def _groups_going_on(index: AddressIndex, reading: Reading, village: Village) -> Iterator[Candidate]:
    """The groups whose number goes on from the one behind the village: 多坝村3 is more often group 3 than number 30."""
    typed = reading.doors.values["number"].removesuffix("号")
    values, rows = np.unique(village.doors.door[village.first : village.end, GROUP], return_index=True)
    part = index.part_of(reading.known.place.code)
    for value, row in zip(values.tolist(), rows.tolist(), strict=True):
        if 0 <= value < NUMERIC and str(value).startswith(typed):
            text = index.row(Door(part, village.first + row)).segments["group_name"]
            yield _part_of_village(
                reading, village, {"group_name": text}, "group", 0.95 if str(value) == typed else 0.9
            )


def _names_going_on(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> Iterator[Candidate]:
    """Streets, estates and hamlets of the villages that a text may name, whose names go on from its end."""
    for reading in index.reader.alike(text, unfinished=True)[:_VILLAGES_COMPLETED]:
        village = index.village(reading.known.place.code, ranges) if reading.is_village and reading.named else None
        if village is None or not lies_in(reading.known, asking.prefixes):
            continue
        for name in reading.locals:
            local = name.value
            if local.bare or name.last.end < len(text) or reading.known.place.code not in local.villages:
                continue
            if name.likeness >= _LIKE_ENOUGH and local.segment in _NAMED_PARTS:
                level = _NAMED_PARTS[local.segment]
                yield _part_of_village(reading, village, {local.segment: local.text}, level, 0.9 * name.likeness)


def _part_of_village(reading: Reading, village: Village, below: dict[str, str], level: str, worth: float) -> Candidate:
    """A part of a village that may be going to be said, at the middle of its doors."""
    asked = door_values(below)
    count, lon, lat = village.agreeing(asked, 9)
    parts = Parts(reading.village, reading.upper, 1.0, reading.rest, sure=0.7 * worth)
    return Candidate(level, reading.known, parts, None, below, LonLat(lon, lat) if count else None)
