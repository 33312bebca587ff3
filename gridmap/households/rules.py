"""What a household may be: the rules that the API, the import and the pages share. Pure."""

from collections.abc import Mapping
from typing import Any

from gridmap.access.personal import BadPersonal, read_name, read_phone
from gridmap.errors import FieldError, one_of
from gridmap.households.model import HOUSEHOLD_KINDS, NEEDS
from gridmap.sentences import say

FIELDS = ("kind", "name", "address_code", "group_code", "head_name", "head_phone", "persons", *NEEDS)
"""What is written of a household; its grid, village and point are its address's."""
PERSONAL = ("head_name", "head_phone")
MOST_PERSONS = {"family": 99, "collective": 99_999}

_WIRE = {"head_name": "head.name", "head_phone": "head.phone", **{need: f"needs.{need}" for need in NEEDS}}


def on_the_wire(field: str) -> str:
    """How a field is called in requests and answers."""
    return _WIRE.get(field, field)


def clean(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The given fields in the form in which they are kept, and what is wrong with single ones."""
    kept, errors = dict(values), []
    for field, read in (("head_name", read_name), ("head_phone", read_phone), ("name", read_name)):
        if not kept.get(field):
            if field in kept:
                kept[field] = None
            continue
        try:
            kept[field] = read(str(kept[field]))
        except BadPersonal as error:
            errors.append(FieldError(on_the_wire(field), error.said, error.code))
    return kept, errors


def check(values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with a whole household."""
    return [*_check_who(values), *_check_counts(values)]


def _check_who(values: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if values["kind"] not in HOUSEHOLD_KINDS:
        errors.append(FieldError("kind", one_of(HOUSEHOLD_KINDS)))
    if not values.get("head_name"):
        errors.append(FieldError("head.name", say("who_to_ask", "who to ask for is wanted"), "missing"))
    if values["kind"] == "collective" and not values.get("name"):
        said = say("collective_named", "a collective household has the name of its place")
        errors.append(FieldError("name", said, "missing"))
    if values["kind"] == "family" and values.get("name"):
        said = say("family_unnamed", "only a collective household has a name; a family has a head")
        errors.append(FieldError("name", said))
    return errors


def _check_counts(values: Mapping[str, Any]) -> list[FieldError]:
    persons, most = values["persons"], MOST_PERSONS.get(values["kind"], 0)
    if not 0 <= persons <= most:
        return [FieldError("persons", say("persons_range", "0 to {most} persons are wanted", most=most))]
    return [_wrong_need(need, values[need], persons) for need in NEEDS if not 0 <= values[need] <= persons]


def _wrong_need(need: str, count: int, persons: int) -> FieldError:
    if count < 0:
        return FieldError(on_the_wire(need), say("count_wanted", "a count is wanted, 0 or more"))
    said = say("needs_more", "{count} are more than the {persons} persons", count=count, persons=persons)
    return FieldError(on_the_wire(need), said, "more_than_persons")
