"""What a clerk or a file says of a door, made into the segments of one address whose label is read back the same."""

from collections.abc import Mapping

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.normalise import normalise
from gridmap.addresses.numerals import numeral_digits
from gridmap.addresses.parse import Parsed, parse
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.errors import FieldError, InvalidInput
from gridmap.sentences import Sentence, say

LONGEST_SEGMENT = 60
_SHOWN_CHOICES = 5
# Tables with a column for each segment often leave away what the heading says.
_BARE_FORMS = {
    "group_name": "{}组", "number": "{}号", "sub_number": "附{}号", "building": "{}号楼", "unit": "{}单元",
    "floor": "{}层", "room": "{}室",
}  # fmt: skip


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
    wanted = village_of(gazetteer, village_code)._replace(**given)
    return _read_back(gazetteer, wanted)


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
    if parsed.text == format_label(segments) and not parsed.alternatives and any(_doors(segments)):
        # It is written in its one form, and has just been read.
        return segments
    return _read_back(gazetteer, segments)


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


def _read_back(gazetteer: Gazetteer, segments: Segments) -> Segments:
    """The same segments, when their label is read as them and nothing else."""
    if not any(_doors(segments)):
        raise _refused(
            "label",
            say(
                "only_a_village",
                "{label} is a village: a group, street, number or building is wanted",
                label=format_label(segments),
            ),
        )
    label = format_label(segments)
    again = parse(gazetteer, label)
    if again.segments == segments and not again.left_over and not again.alternatives:
        return segments
    for name in DOOR_SEGMENTS:
        want, got = getattr(segments, name), getattr(again.segments, name)
        if want != got:
            raise _refused(name, _otherwise(want, got, label))
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


def _doors(segments: Segments) -> list[str | None]:
    return [getattr(segments, name) for name in DOOR_SEGMENTS]


def _part(name: str, value: str | None) -> str | None:
    text = normalise(value or "")
    if not text:
        return None
    if not text[0].isascii():
        text = numeral_digits(text) or text
    if len(text) > LONGEST_SEGMENT:
        raise _refused(name, say("at_most_characters", "at most {most} characters are wanted", most=LONGEST_SEGMENT))
    if name in _BARE_FORMS and text.isascii() and text.isalnum() and text[0].isdigit():
        return _BARE_FORMS[name].format(text)
    return f"附{text}" if name == "sub_number" and text[0].isdigit() else text


def _refused(where: str, message: Sentence) -> BadWording:
    return BadWording(
        say("of_field", "{field}: {message}", field=where, message=message),
        errors=[FieldError(where, message, "bad_address")],
    )
