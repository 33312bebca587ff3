"""What a clerk or a file says of a door, made into the segments of one address whose label is read back the same."""

import re
from collections.abc import Mapping

from gridmap.addresses.doors import read_doors
from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.normalise import normalise
from gridmap.addresses.numerals import NUMERALS, numeral_digits
from gridmap.addresses.parse import Parsed, parse
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.errors import FieldError, InvalidInput
from gridmap.sentences import Sentence, say

LONGEST_SEGMENT = 60
_SHOWN_CHOICES = 5
_HAN = "[㐀-鿿]"
_NUMBER = f"([0-9]+[A-Z]?|[{NUMERALS}]+)"
# A form and a table have a field for each segment: what its heading says is often left away there, or said otherwise.
_FORMS = {
    "group_name": (f"第?{_NUMBER}(?:村民小组|小组|组)?|({_HAN}{{1,4}})", "{}组"),
    "number": (f"(?:门牌)?第?[#号]?{_NUMBER}号?(?:大?院)?", "{}号"),
    "sub_number": (rf"(?:[附副付之-]|号之)?\(?{_NUMBER}\)?号?", "附{}号"),
    "building": (f"第?(?:{_NUMBER}|([A-Z]|[甲乙丙丁戊]))(?:号楼?|楼)?", "{}号楼"),
    "unit": (f"第?(?:{_NUMBER}|([A-Z]))(?:单元|门)?", "{}单元"),
    "floor": (f"第?((?:负|-|B)?[0-9]+|[{NUMERALS}]+)(?:层|楼|F)?", "{}层"),
    "room": (f"([A-Z]?[0-9]+[A-Z]?|[{NUMERALS}]+)(?:室|房间?|号房?)?", "{}室"),
    "hamlet": (f"({_HAN}{{1,6}})(?<![组社队路街巷号])", "{}自然村"),
}  # fmt: skip
_FORM_OF = {name: (re.compile(pattern), form) for name, (pattern, form) in _FORMS.items()}
_QUANTITIES = frozenset({"group_name", "number", "sub_number"})
"""Those that count something, so that a zero in front says nothing; 0501 may be what stands on a door."""
_OF_NUMBER = frozenset({"number", "sub_number"})
_NOTHING = frozenset({"", "-", ",", "无"})
"""What stands in a table where there is nothing."""
_OPENS_A_DOOR = ("number", "building", "estate")
"""One of these is wanted: a group, a hamlet or a street is where many doors are."""


class BadWording(InvalidInput):
    """What was said names no single door."""

    code = "bad_address"


def segments_of_text(gazetteer: Gazetteer, text: str, village_code: str | None = None) -> Segments:
    """The address that a text names, in the village given when it names none itself. Raises BadWording."""
    parsed = parse(gazetteer, text)
    if village_code is not None and parsed.segments.village_code is None:
        return _checked(gazetteer, _in_village(gazetteer, village_code, parsed), parsed, "label")
    if village_code is not None and parsed.segments.village_code != village_code:
        raise _refused(
            "village_code",
            say(
                "text_names_other",
                "the text names {village}, another village than {code}",
                village=parsed.segments.village,
                code=village_code,
            ),
        )
    return _checked(gazetteer, parsed.segments, parsed, "label")


def segments_of_parts(gazetteer: Gazetteer, village_code: str, parts: Mapping[str, str | None]) -> Segments:
    """The address of a village with the segments given, each in its one form: 12 is 12号, 三社 is 3社.

    Raises BadWording that names the segment which can't be read as what it is given for.
    """
    given = {name: _part(name, parts.get(name)) for name in DOOR_SEGMENTS}
    wanted = village_of(gazetteer, village_code)._replace(**_number_taken_apart(given))
    return _read_back(gazetteer, wanted, "number")


def village_of(gazetteer: Gazetteer, village_code: str) -> Segments:
    """The chain of a village. Raises BadWording when there is no such village."""
    known = gazetteer.known.get(village_code)
    if known is None or known.place.level != "village":
        raise _refused("village_code", say("no_village", "there is no village {code}", code=village_code))
    values = {place.level: place.name for place in known.chain}
    return Segments(**values, **{f"{place.level}_code": place.code for place in known.chain})


def _in_village(gazetteer: Gazetteer, village_code: str, parsed: Parsed) -> Segments:
    """The doors of a text that names no village, or several of one name, in the village that is known."""
    village = village_of(gazetteer, village_code)
    for level in ("province", "prefecture", "county", "township"):
        said = getattr(parsed.segments, f"{level}_code")
        if said is not None and said != getattr(village, f"{level}_code"):
            message = say(
                "village_not_in",
                "{code} does not lie in {place}, which the text names",
                code=village_code,
                place=getattr(parsed.segments, level),
            )
            raise _refused("village_code", message)
    doors = {name: getattr(parsed.segments, name) for name in DOOR_SEGMENTS}
    return village._replace(**doors)


def _checked(gazetteer: Gazetteer, segments: Segments, parsed: Parsed, where: str) -> Segments:
    _check_left_over(parsed, where)
    if segments.village_code is None:
        raise _refused(where, _no_village(parsed))
    doubts = [other for other in parsed.alternatives if other.reason == "group_and_number"]
    if doubts:
        choices = " or ".join(format_label(read) for read in (parsed.segments, *(other.segments for other in doubts)))
        raise _refused(
            where, say("two_readings", "it can be read in two ways; write it out as {choices}", choices=choices)
        )
    if parsed.text == format_label(segments) and not parsed.alternatives:
        # It is written in its one form, and has just been read.
        _check_opens_a_door(segments, where)
        return segments
    return _read_back(gazetteer, segments, where)


def _check_left_over(parsed: Parsed, where: str) -> None:
    if parsed.left_over:
        said = ", ".join(parsed.text[slice(*item.span)] for item in parsed.left_over)
        raise _refused(
            where,
            say(
                "no_part", "{said!r} is no part of an address that is known here; leave it out or correct it", said=said
            ),
        )


def _no_village(parsed: Parsed) -> Sentence:
    choices = [format_label(other.segments) for other in parsed.alternatives[:_SHOWN_CHOICES]]
    if choices:
        return say(
            "may_be", "it may be {choices}; write the township too, or give village_code", choices=" or ".join(choices)
        )
    return say("names_no_village", "it names no village that is known here; give village_code, or write the village")


def _check_opens_a_door(segments: Segments, where: str) -> None:
    """What leads to one door, and not to several; a sub-number belongs to a number."""
    label = format_label(segments)
    if segments.sub_number and not segments.number:
        said = say("sub_number_alone", "{sub} belongs to a number: say which", sub=segments.sub_number)
        raise _refused(where, said)
    if any(getattr(segments, name) for name in _OPENS_A_DOOR):
        return
    if not any(getattr(segments, name) for name in DOOR_SEGMENTS):
        said = say("only_a_village", "{label} is a village: a number, a building or an estate is wanted", label=label)
        raise _refused(where, said)
    said = say("no_one_door", "{label} is no single door: a number, a building or an estate is wanted", label=label)
    raise _refused(where, said)


def _read_back(gazetteer: Gazetteer, segments: Segments, where: str) -> Segments:
    """The same segments, when their label is read as them and nothing else; `where` is told what is missing."""
    _check_opens_a_door(segments, where)
    label = format_label(segments)
    again = parse(gazetteer, label)
    if again.segments == segments and not again.left_over and not again.alternatives:
        return segments
    wrong = [name for name in DOOR_SEGMENTS if getattr(segments, name) != getattr(again.segments, name)]
    # What was said is to be corrected, and not what was made of it.
    for name in sorted(wrong, key=lambda name: getattr(segments, name) is None)[:1]:
        raise _refused(name, _otherwise(getattr(segments, name), getattr(again.segments, name), label))
    raise _refused("label", say("several_readings", "{label} can be read in several ways", label=label))


def _otherwise(want: str | None, got: str | None, label: str) -> Sentence:
    if want is not None and got is None:
        return say("not_read", "{want} can't be read as this where {label} is written", want=want, label=label)
    return say(
        "read_otherwise",
        "{want} is read as {got} where {label} is written",
        want=want or "-",
        got=got or "-",
        label=label,
    )


def _part(name: str, value: str | None) -> str | None:
    text = normalise(value or "")
    if text in _NOTHING:
        return None
    if len(text) > LONGEST_SEGMENT:
        raise _refused(name, say("at_most_characters", "at most {most} characters are wanted", most=LONGEST_SEGMENT))
    read = _alone(name, text)
    if read is not None:
        return read
    pattern, form = _FORM_OF.get(name, (None, ""))
    match = pattern.fullmatch(text) if pattern else None
    if match is None:
        return text
    said = next(group for group in match.groups() if group)
    number = numeral_digits(said) or said
    return form.format(number.lstrip("0") or number if name in _QUANTITIES else number)


def _alone(name: str, text: str) -> str | None:
    """How a part is written that says itself what it is: 3小组 is 3组, 501房 501室."""
    read = read_doors(text, [(0, len(text))], in_village=True)
    return read.values[name] if not read.left_over and read.values.keys() == {name} else None


def _number_taken_apart(parts: Mapping[str, str | None]) -> dict[str, str | None]:
    """12-3 and 12号附3 in the field of the number say the sub-number too, if its own field doesn't say another."""
    number = parts.get("number") or ""
    read = read_doors(number, [(0, len(number))], in_village=True)
    sub = read.values.get("sub_number")
    if read.left_over or read.values.keys() != _OF_NUMBER or parts.get("sub_number") not in {None, sub}:
        return dict(parts)
    return {**parts, **read.values}


def _refused(where: str, message: Sentence) -> BadWording:
    return BadWording(
        say("of_field", "{field}: {message}", field=where, message=message),
        errors=[FieldError(where, message, "bad_address")],
    )
