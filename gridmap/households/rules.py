"""What a household may be: the rules that the API, the import and the pages share. Pure."""

from collections.abc import Mapping
from typing import Any

from gridmap.access.personal import BadPersonal, read_name, read_phone
from gridmap.errors import FieldError
from gridmap.households.model import HOUSEHOLD_KINDS, NEEDS

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
            errors.append(FieldError(on_the_wire(field), str(error), error.code))
    return kept, errors


def check(values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with a whole household."""
    return [*_check_who(values), *_check_counts(values)]


def _check_who(values: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if values["kind"] not in HOUSEHOLD_KINDS:
        errors.append(FieldError("kind", f"one of {', '.join(HOUSEHOLD_KINDS)} is wanted"))
    if not values.get("head_name"):
        errors.append(FieldError("head.name", "who to ask for is wanted", "missing"))
    if values["kind"] == "collective" and not values.get("name"):
        errors.append(FieldError("name", "a collective household has the name of its place", "missing"))
    if values["kind"] == "family" and values.get("name"):
        errors.append(FieldError("name", "only a collective household has a name; a family has a head"))
    return errors


def _check_counts(values: Mapping[str, Any]) -> list[FieldError]:
    persons, most = values["persons"], MOST_PERSONS.get(values["kind"], 0)
    if not 0 <= persons <= most:
        return [FieldError("persons", f"0 to {most} are wanted for a {values['kind']}")]
    return [
        FieldError(on_the_wire(need), f"{values[need]} are more than the {persons} persons", "more_than_persons")
        if values[need] > persons
        else FieldError(on_the_wire(need), "a count is wanted, 0 or more")
        for need in NEEDS
        if not 0 <= values[need] <= persons
    ]
