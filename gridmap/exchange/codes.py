"""Codes as they come: numbers from Excel, full-width digits, trailing zeros; refused when digits are missing."""

import re
import unicodedata

from gridmap.exchange.table import Value
from gridmap.sentences import Sentence, say

_CODES = {"grid": say("a_grid", "grid"), "group": say("a_group", "group")}
LEVEL_NAMES = {
    "province": say("level_province", "province"),
    "prefecture": say("level_prefecture", "prefecture"),
    "county": say("level_county", "county"),
    "township": say("level_township", "township"),
    "village": say("level_village", "village"),
}
_POWER = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)
_LENGTHS = {"province": 2, "prefecture": 6, "county": 6, "township": 9, "village": 12}


class BadCode(ValueError):
    """A code, or another cell, that can't be used; the sentence says why."""

    def __init__(self, said: Sentence) -> None:
        super().__init__(said)
        self.said = said


def code_text(value: Value) -> str | None:
    """A code as text; None when there is none. Raises BadCode for a number that has lost digits.

    >>> code_text("６２３０２２ 101200001"), code_text(623022101200001), code_text(" ")
    ('623022101200001', '623022101200001', None)
    >>> code_text('="623022101200001"'), code_text("623022101200001.0")
    ('623022101200001', '623022101200001')
    >>> code_text(6.2302210120000101e16)
    Traceback (most recent call last):
    gridmap.exchange.codes.BadCode: Excel kept only 15 digits of the code; format the column as text and type it again
    """
    if value is None:
        return None
    if isinstance(value, float) and abs(value) >= 1e15:
        raise BadCode(
            say("excel_rounded", "Excel kept only 15 digits of the code; format the column as text and type it again")
        )
    if isinstance(value, float) and not value.is_integer():
        raise BadCode(say("no_code_value", "{value!r} is no code", value=value))
    text = str(int(value)) if isinstance(value, float) else str(value)
    bare = unicodedata.normalize("NFKC", text).replace(" ", "").strip("'\u200b\ufeff")
    if _POWER.fullmatch(bare):
        raise BadCode(
            say(
                "code_power",
                "the code is written as {value}, as Excel shows long numbers; "
                "format the column as text and save it again",
                value=bare,
            )
        )
    # ="623022…" is how a CSV keeps Excel off a code, and .0 how programs write a whole number among others.
    return re.sub(r'^="(.*)"$|^(\d+)\.0+$', r"\1\2", bare) or None


def digits_of(value: Value, digits: int, what: str) -> str:
    """A code as text. Raises BadCode unless it has as many digits as `what` has."""
    code = code_text(value)
    if code is None:
        raise BadCode(say("no_code", "it has no code"))
    if not (code.isascii() and code.isdigit()):
        raise BadCode(
            say(
                "code_not_digits",
                "{code!r} is no {what} code: {digits} digits are wanted",
                code=code[:40],
                what=_CODES[what],
                digits=digits,
            )
        )
    if len(code) != digits:
        raise BadCode(
            say(
                "code_length",
                "the code has {count} digits; a {what} code has {digits}",
                count=len(code),
                what=_CODES[what],
                digits=digits,
            )
        )
    return code


def division_code(value: Value, level: str | None) -> tuple[str, bool]:
    """A division code without the zeros below its level, and whether zeros were taken off.

    Raises BadCode when it has no form of a code, or not that of its level.

    >>> division_code("623022000000", "county"), division_code("623022101000", None)
    (('623022', True), ('623022101', True))
    """
    code = code_text(value)
    if code is None:
        raise BadCode(say("no_code", "it has no code"))
    if not (code.isascii() and code.isdigit()):
        raise BadCode(
            say(
                "division_code_not_digits",
                "{code!r} is no division code: 2, 6, 9 or 12 digits are wanted",
                code=code[:40],
            )
        )
    length = _LENGTHS[level] if level else _length_by_zeros(code)
    if len(code) < length or code[length:].strip("0") or len(code) not in {2, 6, 9, 12}:
        raise BadCode(_wrong_length(code, level, length))
    return code[:length], len(code) > length


def _wrong_length(code: str, level: str | None, length: int) -> Sentence:
    told = {"code": code[:40], "count": len(code)}
    if level is None:
        return say("division_code_length", "the code {code} has {count} digits; 2, 6, 9 or 12 are wanted", **told)
    what = LEVEL_NAMES[level]
    return say(
        "level_code_length",
        "the code {code} has {count} digits; a {level} has {length}",
        **told,
        level=what,
        length=length,
    )


def _length_by_zeros(code: str) -> int:
    """What is left of a 12-digit statistical code when only zeros follow: no village or township is 000."""
    if len(code) == 12 and code.endswith("000"):
        return 6 if code.endswith("000000") else 9
    return len(code)
