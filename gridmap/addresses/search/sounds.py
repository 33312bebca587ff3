"""How Chinese signs sound: syllables without tones, and what dialects, bad lines and input methods make of them."""

import os
import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

# Signs are looked up one by one; the dictionary of phrases would cost every process 44 MB and a third of a second.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin.pinyin_dict import pinyin_dict

_FIRST, _LAST = 0x3400, 0x9FFF
_INITIAL = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]")
_ALIKE_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h", "r": "l"}
"""Not told apart in the north-west: 知 and 资, 南 and 兰, 飞 and 灰."""
_ALIKE_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"), ("ong", "un"))
_HALF_ALIKE = {"p": "b", "t": "d", "k": "g", "q": "j", "c": "z", "x": "s", "w": "h", "m": "n"}
"""Told apart by a breath, which a bad line swallows: 坡 and 波, 土 and 独."""


class Sound(NamedTuple):
    """A syllable, as the same number for what sounds the same, nearly the same, and half the same; and its first
    letter. -1 where there is none."""

    syllable: int
    other: int
    alike: int
    half: int
    letter: int


SILENT = Sound(-1, -1, -1, -1, -1)


class _Table(NamedTuple):
    by_sign: dict[str, Sound]
    by_syllable: dict[str, Sound]


@cache
def _table() -> _Table:
    """Of every sign there is a reading of; made at first use."""
    readings: dict[str, list[str]] = {}
    for code, tones in pinyin_dict.items():
        if _FIRST <= code <= _LAST:
            plain = [_plain(tone) for tone in tones.split(",")]
            readings[chr(code)] = list(dict.fromkeys(text for text in plain if text))[:2]
    syllables = sorted({text for texts in readings.values() for text in texts})
    numbers = {text: at for at, text in enumerate(syllables)}
    alike = {text: _folded(text, half=False) for text in syllables}
    half = {text: _folded(text, half=True) for text in syllables}
    alike_numbers = {text: at for at, text in enumerate(sorted(set(alike.values())))}
    half_numbers = {text: at for at, text in enumerate(sorted(set(half.values())))}

    def sound(text: str, other: str) -> Sound:
        return Sound(
            numbers[text], numbers[other], alike_numbers[alike[text]], half_numbers[half[text]], ord(text[0]) - 97
        )

    return _Table(
        {sign: sound(texts[0], texts[-1]) for sign, texts in readings.items() if texts},
        {text: sound(text, text) for text in syllables},
    )


def syllable_count() -> int:
    """How many syllables there are: all numbers of a `Sound` are smaller."""
    return len(_table().by_syllable)


def sound_of(sign: str) -> Sound:
    """How a sign sounds; `SILENT` for one that has no reading."""
    return _table().by_sign.get(sign, SILENT)


@lru_cache(maxsize=1_000)
def spelled(letters: str) -> tuple[Sound, ...] | None:
    """The syllables that a run of small letters spells, fewest first; lone letters stand for their initials.

    None when it can't be read so: every part of a reading but the last must be a syllable or an initial.

    >>> len(spelled("zhuoni")), len(spelled("zn")), len(spelled("duob"))
    (2, 2, 2)
    """
    parts = _parts(letters)
    known = _table().by_syllable
    return None if parts is None else tuple([known.get(part) or initial(part[0]) for part in parts])


@lru_cache(maxsize=1_000)
def respaced(letters: str) -> str:
    """The same with its syllables apart, as long as they can be from the left: zhen a zi tan, not zhe na zi tan; as
    it was when that makes no difference.

    >>> respaced("xiangecun"), respaced("duobacun")
    ('xiang e cun', 'duobacun')
    """
    long = _parts(letters, longest=True)
    return letters if long is None or long == _parts(letters) else " ".join(long)


def _parts(letters: str, *, longest: bool = False) -> list[str] | None:
    """The syllables and initials of the best reading; of equals that with the shortest, or longest, first ones."""
    known = _table().by_syllable
    # The best reading of what is left from each place: its cost, and where its first part ends.
    best: list[tuple[float, int]] = [(0.0, 0)] * (len(letters) + 1)
    for start in range(len(letters) - 1, -1, -1):
        found = [(1.0 + best[end][0], end) for end in range(start + 1, min(start + 6, len(letters)) + 1)
                 if letters[start:end] in known]  # fmt: skip
        if match := _INITIAL.match(letters, start):
            found.append((1.6 + best[match.end()][0], match.end()))
        elif letters[start] in "aoe":
            found.append((1.6 + best[start + 1][0], start + 1))
        best[start] = min(found, default=(float("inf"), 0), key=lambda way: (way[0], -way[1] if longest else way[1]))
    if best[0][0] == float("inf"):
        return None
    parts, place = [], 0
    while place < len(letters):
        end = best[place][1]
        parts.append(letters[place:end])
        place = end
    return parts


def syllables(letters: str) -> list[str] | None:
    """The parts of such a reading when all of them are whole syllables, else None."""
    found = spelled(letters)
    if not found or any(sound.syllable < 0 for sound in found):
        return None
    names = _names()
    return [names[sound.syllable] for sound in found]


@cache
def _names() -> dict[int, str]:
    return {sound.syllable: text for text, sound in _table().by_syllable.items()}


def syllable_of(sign: str) -> str:
    """The usual reading of a sign, without a tone; empty for one that has none."""
    return _names().get(sound_of(sign).syllable, "")


def initial(letter: str) -> Sound:
    """A syllable of which only the first letter is known."""
    return SILENT._replace(letter=ord(letter) - 97)


@cache
def _plain(tone: str) -> str:
    """Without its tone, ü as v, as input methods want it; empty for what is no syllable but a grunt."""
    apart = unicodedata.normalize("NFD", tone.replace("ɡ", "g")).replace("u\u0308", "v")
    text = "".join(sign for sign in apart if sign.isascii() and sign.isalpha())
    return text if any(vowel in text for vowel in "aeiouv") else ""


def _folded(text: str, *, half: bool) -> str:
    match = _INITIAL.match(text)
    first = match[0] if match else ""
    rest = text[len(first) :]
    first = _ALIKE_INITIALS.get(first, first)
    if half:
        first = _HALF_ALIKE.get(first, first)
    for long, short in _ALIKE_FINALS:
        if rest.endswith(long):
            rest = rest[: -len(long)] + short
            break
    return first + rest
