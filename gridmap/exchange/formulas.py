"""Texts that a spreadsheet would run as a formula are marked as text on the way out, and unmarked on the way in."""

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")


def marked(text: str) -> str:
    """The text as a cell of a CSV file that nobody's spreadsheet runs.

    >>> marked("=cmd|' /C calc'!A0"), marked("双村镇")
    ("'=cmd|' /C calc'!A0", '双村镇')
    """
    return f"'{text}" if text.startswith(_BEGINNINGS) else text


def unmarked(text: str) -> str:
    """What `marked` was given.

    >>> unmarked("'=1+1"), unmarked("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text.startswith("'") and text[1:].startswith(_BEGINNINGS) else text
