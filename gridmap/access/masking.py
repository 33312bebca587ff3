"""What is shown of a name and a phone number to a caller who needs neither in full (GB/T 35273 §7.2)."""

import unicodedata

HIDDEN_NAME = "**"
HIDDEN_PHONE = "****"
_MOBILE_DIGITS = 11


def mask_name(name: str) -> str:
    """The first character as the eye sees it, with the marks it carries; never how long the name is.

    >>> mask_name("李措姆"), mask_name("欧阳卓玛")
    ('李**', '欧**')
    >>> mask_name("བཀྲ་ཤིས"), mask_name("")
    ('བ**', '**')
    """
    shown = ""
    for character in name.strip():
        # Tibetan writes vowels and subjoined letters as marks on the letter before: they belong to it.
        if shown and not unicodedata.category(character).startswith("M"):
            break
        shown += character
    return shown + HIDDEN_NAME


def mask_phone(phone: str | None) -> str | None:
    """Three digits and the last four of a number of eleven; of any other length the last two at most.

    >>> mask_phone("13812348000"), mask_phone("+86 138-1234-8000")
    ('138****8000', '138****8000')
    >>> mask_phone("2345678"), mask_phone("110"), mask_phone(None)
    ('****78', '****', None)
    """
    if phone is None:
        return None
    digits = "".join(c for c in unicodedata.normalize("NFKC", phone) if c.isdecimal())
    if len(digits) == _MOBILE_DIGITS + 2 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) == _MOBILE_DIGITS:
        return digits[:3] + HIDDEN_PHONE + digits[-4:]
    return HIDDEN_PHONE + (digits[-2:] if len(digits) >= 7 else "")
