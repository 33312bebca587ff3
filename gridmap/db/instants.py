"""Points in time as people and programs write them."""

import re
from datetime import UTC, datetime, timedelta

from gridmap.errors import FieldError, InvalidInput

_CLOCKS_DIFFER = timedelta(minutes=1)
"""So far the clock of who asks may be ahead of ours."""


def parse_instant(name: str, text: str) -> datetime:
    """A time with its offset. A plus sign that a URL has turned into a space is put back. Raises InvalidInput, also for
    one that is still to come: what is true then nobody knows.
    """
    mended = re.sub(r"(\d) (\d{2}:\d{2})$", r"\1+\2", text.strip())
    try:
        instant = datetime.fromisoformat(mended)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "a time with its offset is wanted, such as 2026-11-22T02:40:00+08:00"
        raise InvalidInput(f"{name}: {message}", errors=[FieldError(name, message)])
    check_past(name, instant)
    return instant


def check_past(name: str, instant: datetime) -> None:
    """Raises InvalidInput for a time that is still to come."""
    now = datetime.now(UTC)
    if instant > now + _CLOCKS_DIFFER:
        message = f"this time is still to come; it is {now.isoformat(timespec='seconds')}"
        raise InvalidInput(f"{name}: {message}", errors=[FieldError(name, message)])
