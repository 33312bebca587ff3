"""What clerks write into cells of registers of people: counts, days, yes and no; and columns that no register has."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta

from gridmap.access.personal import never_kept
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.codes import BadCode
from gridmap.exchange.records import Record
from gridmap.exchange.table import Table
from gridmap.sentences import Sentence, say

_YES, _NO = (
    frozenset({"是", "有", "√", "y", "yes", "true"}),
    frozenset({"否", "无", "没有", "-", "—", "×", "n", "no", "false"}),
)
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})日?(?:\s.*)?")
_EXCEL_DAY_0 = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)


def refuse_what_is_never_kept(tables: Iterable[Table]) -> None:
    """Raises InvalidInput for a file with a column that no register keeps: it is not even read."""
    for table in tables:
        found = [(column, what) for column in table.columns if (what := never_kept(column)) is not None]
        if found:
            told = Sentence.joined(
                say("column_holds", "column {column} holds {what}", column=column, what=what) for column, what in found
            )
            message = say(
                "never_kept",
                "{name}: {told}, which is kept in no register (不登记此项). Take it out of the file first",
                name=table.name,
                told=told,
            )
            raise InvalidInput(message, errors=[FieldError(column, what, "never_kept") for column, what in found])


def plain(record: Record, field: str) -> str | None:
    """A cell as text; a whole number without the `.0` that Excel gives it."""
    value = record.fields.get(field)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else record.text(field)


def count_of(record: Record, field: str) -> int | None:
    """A count, `是` being one; None for an empty cell. Raises BadCode."""
    text = unicodedata.normalize("NFKC", plain(record, field) or "").strip().lower()
    if not text:
        return None
    if text in _YES or text in _NO:
        return int(text in _YES)
    digits = text.rstrip("人口名个户")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        raise BadCode(say("no_count", "{field} {value!r} is no count", field=field, value=text[:20]))
    return int(digits)


def day_of(record: Record, field: str) -> date | None:
    """A day as 2026-11-30, 2026年11月30日, 2026/11/30 or Excel's number; None for an empty cell. Raises BadCode."""
    text = plain(record, field)
    if text is None:
        return None
    if text.isdigit() and int(text) in _EXCEL_DAYS:
        return _EXCEL_DAY_0 + timedelta(days=int(text))
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.groups() if match else ()))
    except (ValueError, TypeError):
        raise BadCode(
            say("no_day", "{field} {value!r} is no day, such as 2026-11-30", field=field, value=text[:20])
        ) from None
