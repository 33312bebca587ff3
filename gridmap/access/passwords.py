"""Passwords: the rules of the multi-level protection scheme (等级保护), hashing, making one at random."""

import secrets
import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gridmap.errors import FieldError, InvalidInput

SHORTEST, LONGEST = 10, 200
KINDS_WANTED = 3
# No character that is read as another one: these are copied from paper at night.
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_hasher = PasswordHasher()
# Each hash takes 64 MiB; forty request threads at once would take the machine's memory.
_few_at_once = BoundedSemaphore(2)
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$6f5qrPCo4tXA1CMCP2UzLA$KakdZDGGlBQHwLiVMeJrCp2NSgASMHWZFJEcPIWO4ME"


def check_password(name: str, password: str) -> None:
    """Raises InvalidInput that lists every rule the password breaks for a person of this name."""
    plain = unicodedata.normalize("NFC", password)
    broken = []
    if not SHORTEST <= len(plain) <= LONGEST:
        broken.append(FieldError("password", f"{SHORTEST} to {LONGEST} characters are wanted", "length"))
    if len({_kind(c) for c in plain}) < KINDS_WANTED:
        kinds = "small letters, capitals, digits, others"
        broken.append(FieldError("password", f"at least three kinds of {kinds} are wanted", "kinds"))
    if name.casefold() in plain.casefold():
        broken.append(FieldError("password", "it must not contain the name", "contains_name"))
    if broken:
        raise InvalidInput("The password is refused: " + "; ".join(e.message for e in broken) + ".", errors=broken)


def hash_password(password: str) -> str:
    """The argon2id hash that is stored."""
    with _few_at_once:
        return _hasher.hash(unicodedata.normalize("NFC", password))


def password_fits(stored: str | None, password: str) -> bool:
    """Whether a password belongs to a stored hash. Without one it takes as long and the answer is no."""
    try:
        with _few_at_once:
            _hasher.verify(stored or _NOBODYS, unicodedata.normalize("NFC", password[: LONGEST * 4]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def make_password() -> str:
    """A random password that keeps the rules: four groups of five, 115 bits."""
    while True:
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
        if len({_kind(c) for c in password}) == 4:
            return password


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    if character.islower():
        return "small"
    return "capital" if character.isupper() else "other"
