"""Chinese numerals to integers and back, up to 9999, as house numbers need them."""

_DIGITS = {
    **{char: value for value, char in enumerate("零一二三四五六七八九")},
    **{char: value for value, char in enumerate("壹贰叁肆伍陆柒捌玖", 1)},
    "〇": 0, "两": 2, "幺": 1,
}  # fmt: skip
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS = {"廿": 20, "卅": 30, "卌": 40}
NUMERALS = "".join([*_DIGITS, *_UNITS, *_TENS])
"""Every sign that may stand in a Chinese number."""


def numeral_digits(text: str) -> str | None:
    """The number that Chinese numerals write, in decimal digits; None when they don't write one.

    Read one by one (五〇一), signs keep their zeros, because a room is not a quantity.

    >>> numeral_digits("十二"), numeral_digits("廿五"), numeral_digits("一百零三"), numeral_digits("〇五〇一")
    ('12', '25', '103', '0501')
    >>> numeral_digits("一百二"), numeral_digits("十百"), numeral_digits("之一"), numeral_digits("甲")
    ('120', None, None, None)
    """
    if all(char in _DIGITS for char in text):
        return "".join(str(_DIGITS[char]) for char in text) or None
    value = _quantity(text)
    return None if value is None else str(value)


def _quantity(text: str) -> int | None:
    """A number with places: each unit is smaller than the one before it, and counts the digit in front of it."""
    total, digit, last_unit = 0, None, 10_000
    for char in text:
        if char not in NUMERALS:
            return None
        if char in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[char]
            continue
        size = _UNITS.get(char, 10)
        if size >= last_unit or (digit and char in _TENS) or (digit is None and size > 10):
            return None
        total += _TENS[char] if char in _TENS else (digit or 1) * size
        digit, last_unit = None, size
    if digit and last_unit > 10 and text[-2] in _UNITS:
        digit *= last_unit // 10  # 一百二 is said for 120; 102 is 一百零二
    return total + (digit or 0)


def chinese_numeral(value: int) -> str:
    """0 to 9999 as it is written in Chinese. Raises ValueError beyond.

    >>> chinese_numeral(12), chinese_numeral(103), chinese_numeral(120), chinese_numeral(2005)
    ('十二', '一百零三', '一百二十', '二千零五')
    """
    if not 0 <= value <= 9999:
        raise ValueError(f"{value} is not between 0 and 9999")
    digits = "零一二三四五六七八九"
    written = ""
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // size % 10
        if digit:
            written += digits[digit] + unit
        elif written and not written.endswith("零"):
            written += "零"
    written = written.rstrip("零") or "零"
    return written.removeprefix("一") if written.startswith("一十") else written
