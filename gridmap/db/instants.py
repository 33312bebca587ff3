"""Points in time as people and programs write them."""

import re
from datetime import datetime

from gridmap.errors import FieldError, InvalidInput


def parse_instant(name: str, text: str) -> datetime:
    """A time with its offset. A plus sign that a URL has turned into a space is put back. Raises InvalidInput."""
    mended = re.sub(r"(\d) (\d{2}:\d{2})$", r"\1+\2", text.strip())
    try:
        instant = datetime.fromisoformat(mended)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "a time with its offset is wanted, such as 2026-11-22T02:40:00+08:00"
        raise InvalidInput(f"{name}: {message}", errors=[FieldError(name, message)])
    return instant
