"""Which encoding a text is in: UTF-8, GB18030 (GBK, GB2312) or UTF-16. What a file says of itself is only a hint."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from gridmap.errors import FieldError, InvalidInput
from gridmap.sentences import Sentence, say

# LDID, byte 29 of a .dbf: 0x4D and 0x7A are code page 936. Windows programs write 0x57 ("ANSI") over any code page.
_LDID = {0x4D: "gb18030", 0x7A: "gb18030"}
_GBK_NAMES = {"gbk", "gb2312", "gb18030", "936", "cp936", "ms936", "x-gbk", "euc-cn", "ansi 936", "oem 936"}
_UTF8_NAMES = {"utf-8", "utf8", "65001", "utf_8"}
_ASCII = bytes(range(128))
"""What every encoding that tables are written in reads alike; UTF-7 and its like do not."""
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Python's, of which nobody means one."""
_SAMPLE_BYTES = 1 << 20
_SURE = 0.95


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by Python's name, and the sentence that says why it was taken."""

    name: str
    reason: Sentence


def asked_encoding(name: str) -> Encoding:
    """The encoding that a person asked for. Raises InvalidInput for one that does not exist, or that no table is in."""
    found = _codec(_canonical(name) or name)
    if found is None:
        message = say("no_encoding", "there is no encoding {name!r}; utf-8, gbk and gb18030 are usual", name=name)
        raise InvalidInput(
            say("encoding_wrong", "encoding: {message}", message=message), errors=[FieldError("encoding", message)]
        )
    return Encoding(found, say("asked_for", "asked for"))


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        if found in _NO_CHARSETS:
            return None
        return found if found.startswith("utf-16") or _ASCII.decode(found) == _ASCII.decode("ascii") else None
    except (LookupError, ValueError):
        return None


def hinted_by(cpg: str | None, ldid: int | None) -> str | None:
    """What a .cpg file or the LDID of a .dbf claim; None when they claim nothing that is known here.

    >>> hinted_by("GBK", None), hinted_by(None, 0x4D), hinted_by(None, 0x57)
    ('gb18030', 'gb18030', None)
    """
    return (_canonical(cpg) if cpg else None) or _LDID.get(ldid or 0)


def detect(texts: Sequence[bytes], hint: str | None = None, hint_source: str = "hint") -> Encoding:
    """The encoding of many short texts or one long one, by their bytes; the hint decides only where they can't.

    >>> detect(["卓尼县".encode("gbk")], hint="utf-8", hint_source=".cpg").name
    'gb18030'
    >>> detect(["卓尼县".encode()]).name
    'utf-8'
    """
    marked = _by_mark(texts[0]) if texts else None
    if marked:
        return marked
    sample = _sample(texts)
    if not sample:
        return Encoding("utf-8", say("all_ascii", "all text is ASCII, the same in every encoding"))
    scores = {"utf-8": _score(sample, "utf-8")}
    # Chinese in GBK is hardly ever valid UTF-8, and never reads as Chinese then.
    scores["gb18030"] = 0.0 if scores["utf-8"] > _SURE else _score(sample, "gb18030")
    if scores["utf-8"] == scores["gb18030"] and hint in scores:
        return Encoding(
            hint,
            say(
                "fits_both",
                "the bytes fit UTF-8 and GB18030 alike, and its {source} says {hint}",
                source=hint_source,
                hint=hint,
            ),
        )
    if max(scores.values()) == 0:
        return Encoding(
            hint or "utf-8", say("fits_none", "no encoding known here fits; what can't be read is reported row by row")
        )
    best = max(scores, key=scores.__getitem__)
    why = (
        say("is_utf8", "valid UTF-8 and plausible text")
        if best == "utf-8"
        else say("is_gbk", "not plausible as UTF-8, plausible as GB18030 (GBK)")
    )
    if hint and hint != best:
        why = say("although", "{why}, although its {source} says {hint}", why=why, source=hint_source, hint=hint)
    return Encoding(best, why)


def decode(data: bytes, encoding: str) -> tuple[str, Sentence | None]:
    """The text, and what was lost: a field's last character may have been cut in the middle by its width."""
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        cut = error.start >= len(data) - 3 and error.end == len(data)
        text = data[: error.start].decode(encoding) if cut else data.decode(encoding, "replace")
        return text, say("character_cut", "the last character was cut in two by the field's width") if cut else say(
            "not_readable", "not readable as {encoding}", encoding=encoding
        )


def _canonical(name: str) -> str | None:
    bare = name.strip().lower().removeprefix("ansi ").removeprefix("oem ")
    if bare in _GBK_NAMES:
        return "gb18030"
    return "utf-8" if bare in _UTF8_NAMES else None


def _by_mark(data: bytes) -> Encoding | None:
    if data.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", say("mark_utf8", "it begins with the byte order mark of UTF-8"))
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", say("mark_utf16", "it begins with the byte order mark of UTF-16"))
    return None


def _sample(texts: Sequence[bytes]) -> list[bytes]:
    """Texts with a byte above ASCII, up to a megabyte of them."""
    chosen: list[bytes] = []
    size = 0
    for text in texts:
        if not text.isascii():
            # A long text is cut at a line, so that no character is cut in two.
            short = text if len(text) <= _SAMPLE_BYTES else text[: text.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or None]
            chosen.append(short)
            size += len(short)
        if size > _SAMPLE_BYTES:
            break
    return chosen


def _score(sample: Sequence[bytes], name: str) -> float:
    """The share of characters above ASCII that people write there: 0 when half of the texts are not valid at all."""
    plausible = total = broken = 0
    is_plausible = _is_written if name == "utf-8" else _is_common
    for data in sample:
        text, lost = decode(data, name)
        broken += bool(lost) and "\ufffd" in text
        high = [character for character in text if character > "\x7f"]
        total += len(high)
        plausible += sum(is_plausible(character) for character in high)
    if total == 0 or broken * 2 > len(sample):
        return 0.0
    return plausible / total * (1 - broken / len(sample))


@cache
def _is_written(character: str) -> bool:
    """Any Chinese character, and what is common."""
    return "\u4e00" <= character <= "\u9fff" or _is_common(character)


@cache
def _is_common(character: str) -> bool:
    """GB2312's first level, its punctuation and full-width signs, Tibetan, and degree signs."""
    if "\u0f00" <= character <= "\u0fff" or character in "°′″“”‘’·—…×":
        return True
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    # Latin, Greek, Cyrillic and box drawing (rows A4 to A9) are what the wrong encoding produces.
    return 0xB0 <= lead <= 0xD7 or lead in {0xA1, 0xA3}
