"""What an officer may be: the rules that the API, the import and the pages share. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from gridmap.access.personal import BadPersonal, read_name, read_phone
from gridmap.contacts.model import OFFICER_KINDS
from gridmap.errors import FieldError, one_of
from gridmap.sentences import say

FIELDS = (
    "name", "phone", "kind", "unit", "home_code", "work_code", "work_address_code", "capacity", "languages",
    "absent_from", "absent_to",
)  # fmt: skip
PERSONAL = ("name", "phone")
MOST_CAPACITY = 500
HOME_LEVELS = ("village", "township", "county", "prefecture")
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z]{2,8})?", re.ASCII)


def is_away(absent_from: date | None, absent_to: date | None, day: date) -> bool:
    """Whether an absence of these days, without a last one until further notice, holds on a day.

    >>> is_away(date(2026, 1, 5), None, date(2026, 1, 4)), is_away(date(2026, 1, 5), None, date(2026, 1, 5))
    (False, True)
    """
    return absent_from is not None and absent_from <= day and (absent_to is None or absent_to >= day)


def clean(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The given fields in the form in which they are kept, and what is wrong with single ones."""
    kept, errors = dict(values), []
    for field, read in (("name", read_name), ("phone", read_phone), ("unit", read_name)):
        if not kept.get(field):
            if field in kept:
                kept[field] = None
            continue
        try:
            kept[field] = read(str(kept[field]))
        except BadPersonal as error:
            errors.append(FieldError(field, error.said, error.code))
    if "languages" in kept:
        kept["languages"] = list(dict.fromkeys(kept["languages"] or ()))
    return kept, errors


def check(values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with a whole officer, the places apart."""
    wanted = say("field_wanted", "this is wanted")
    errors = [FieldError(field, wanted, "missing") for field in ("name", "unit") if not values.get(field)]
    if values["kind"] not in OFFICER_KINDS:
        errors.append(FieldError("kind", one_of(OFFICER_KINDS)))
    if not 0 <= values["capacity"] <= MOST_CAPACITY:
        said = say("capacity_range", "0 to {most} households are wanted", most=MOST_CAPACITY)
        errors.append(FieldError("capacity", said))
    wrong = [tag for tag in values["languages"] if not _LANGUAGE.fullmatch(tag)]
    if wrong:
        said = say("language_tags", "{wrong}: tags such as zh and bo are wanted", wrong=", ".join(wrong))
        errors.append(FieldError("languages", said))
    return errors + _check_absence(values)


def _check_absence(values: Mapping[str, Any]) -> list[FieldError]:
    begins, ends = values.get("absent_from"), values.get("absent_to")
    if ends and not begins:
        return [FieldError("absent_from", say("absence_begins", "an absence that ends has a first day"), "missing")]
    if begins and ends and ends < begins:
        return [FieldError("absent_to", say("absence_backwards", "the last day comes before the first"))]
    return []
