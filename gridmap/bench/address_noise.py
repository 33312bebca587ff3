"""What people make of an address when they say, hear, type or copy it: damage to labels whose door is known."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from gridmap.addresses.numerals import chinese_numeral
from gridmap.addresses.search.sounds import sound_of, syllable_of
from gridmap.addresses.search.table import Doors, Row

_UPPER = ("province", "prefecture", "county", "township", "village")
_BELOW = ("group_name", "hamlet", "street", "number", "sub_number", "estate", "building", "unit", "floor", "room")


MISSING = "a number that is not there"


class Noisy(NamedTuple):
    """A damaged text, and the code of the door that was meant; None when there is no such door."""

    kind: str
    text: str
    code: str | None


class Label(NamedTuple):
    """A label in its parts."""

    row: Row
    upper: dict[str, str]
    townships: tuple[str, ...]
    """All townships that there are."""

    @property
    def below(self) -> list[str]:
        """The parts below the village."""
        return [self.row.segments[name] for name in _BELOW if self.row.segments.get(name)]

    def text(self, *levels: str, below: list[str] | None = None, between: str = "") -> str:
        """Written out with some of the divisions."""
        parts = [self.upper[level] for level in levels] + (self.below if below is None else below)
        return between.join(parts)


Damage = Callable[[random.Random, Label], str]
_TOWN, _SHORT, _LONG = ("township", "village"), ("village",), _UPPER


def _stem(name: str) -> str:
    for ending in ("街道", "社区", "镇", "乡", "村"):
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


@cache
def _by_sound() -> dict[int, list[str]]:
    """The common signs of each syllable, for what an input method offers."""
    found: dict[int, list[str]] = {}
    for code in range(0x4E00, 0x9FA6):
        sign = chr(code)
        try:
            sign.encode("gb2312")
        except UnicodeEncodeError:
            continue
        found.setdefault(sound_of(sign).syllable, []).append(sign)
    return found


def _homophone(rng: random.Random, sign: str) -> str:
    others = [other for other in _by_sound().get(sound_of(sign).syllable, []) if other != sign]
    return rng.choice(others) if others else sign


def _changed(rng: random.Random, name: str, change: Callable[[random.Random, str], str], signs: int = 1) -> str:
    """A name with signs of its stem changed."""
    stem = _stem(name)
    places = rng.sample(range(len(stem)), min(signs, len(stem)))
    return "".join(change(rng, sign) if at in places else sign for at, sign in enumerate(stem)) + name[len(stem) :]


def _wrong(rng: random.Random, _: str) -> str:
    return chr(rng.randrange(0x4E00, 0x9FA5))


def _swapped(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _spoken(label: Label) -> list[str]:
    """Numbers as they are said."""
    said = []
    for part in label.below:
        digits = "".join(sign for sign in part if sign.isdigit())
        said.append(part.replace(digits, chinese_numeral(int(digits))) if digits else part)
    return said


def _bare(label: Label) -> list[str]:
    """Without the word behind the last number."""
    return [*label.below[:-1], label.below[-1].rstrip("号室")]


def _dialect(rng: random.Random, label: Label) -> str:
    """Signs that sound alike in the north-west: n and l, f and h, in and ing."""

    def heard(rng: random.Random, sign: str) -> str:
        sound = sound_of(sign)
        alike = [
            other for key, signs in _by_sound().items() for other in signs[:3]
            if key != sound.syllable and sound_of(other).alike == sound.alike
        ]  # fmt: skip
        return rng.choice(alike) if alike else _homophone(rng, sign)

    name = _changed(rng, label.upper["village"], heard)
    return label.upper["township"] + name + "".join(label.below)


def _pinyin(text: str) -> str:
    return "".join(syllable_of(sign) or sign for sign in text)


def _in_letters(_: random.Random, label: Label) -> str:
    words = [_pinyin(_stem(label.upper[level])) for level in _TOWN]
    return " ".join([*words, _pinyin("".join(label.below))])


def _half_in_letters(_: random.Random, label: Label) -> str:
    return label.upper["township"] + _pinyin(_stem(label.upper["village"])) + "村" + "".join(label.below)


def _twice(rng: random.Random, label: Label) -> str:
    parts = [label.upper["county"], label.upper["township"], label.upper["village"], *label.below]
    at = rng.randrange(3)
    return "".join([*parts[: at + 1], *parts[at:]])


def _noise(rng: random.Random, label: Label) -> str:
    before = rng.choice(["喂你好,我家在", "那个,", "地址是", "麻烦送到", "我们家住", "这里是", "嗯", "请问"])
    after = rng.choice(["旁边", "这边", "", "门口", "附近,快点", "啊", "电话13900001234", "的"])
    return before + label.text(*_TOWN) + after


def _dropped_word(rng: random.Random, label: Label) -> str:
    parts = [label.upper["township"], label.upper["village"]]
    at = rng.randrange(2)
    parts[at] = _stem(parts[at])
    return "".join(parts) + "".join(_bare(label) if rng.random() < 0.5 else label.below)


def _other_group_word(_: random.Random, label: Label) -> str:
    swap = {"组": "社", "社": "组", "村": "村"}
    below = [part[:-1] + swap.get(part[-1], part[-1]) if part[0].isdigit() else part for part in label.below]
    return label.text(*_TOWN, below=below)


def _misheard_words(rng: random.Random, label: Label) -> str:
    below = "".join(label.below)
    for right, wrong in (("组", "祖"), ("社", "设"), ("号", "好"), ("附", "付"), ("单元", "单圆"), ("栋", "懂")):
        if rng.random() < 0.7:
            below = below.replace(right, wrong)
    return label.upper["township"] + label.upper["village"] + below


def _turned(_: random.Random, label: Label) -> str:
    return "".join(label.below) + "".join(label.upper[level] for level in ("village", "township", "county"))


def _marks(rng: random.Random, label: Label) -> str:
    return (
        rng.choice([",", "，", " ", "/", "-", "、", "。"]).join(label.upper[level] for level in _UPPER[2:])
        + "（"
        + ("".join(label.below) + "）")
    )


def _lost_sign(rng: random.Random, label: Label) -> str:
    name = label.upper["village"]
    at = rng.randrange(len(_stem(name)))
    return label.upper["county"] + label.upper["township"] + name[:at] + name[at + 1 :] + "".join(label.below)


def _added_sign(rng: random.Random, label: Label) -> str:
    name = label.upper["village"]
    at = rng.randrange(len(_stem(name)))
    return label.upper["township"] + name[:at] + rng.choice("大小上下新老子里家") + name[at:] + "".join(label.below)


DAMAGE: dict[str, Damage] = {
    "as written": lambda _, label: label.text(*_LONG),
    "without province and prefecture": lambda _, label: label.text("county", *_TOWN),
    "township and village only": lambda _, label: label.text(*_TOWN),
    "without the words 镇, 村, 组, 号": _dropped_word,
    "numerals": lambda _, label: label.text(*_TOWN, below=_spoken(label)),
    "full width": lambda _, label: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in label.text("county", *_TOWN)
    ),
    "punctuation and brackets": _marks,
    "spaces between all": lambda _, label: label.text(*_UPPER[2:], between=" "),
    "a homophone in the village": lambda rng, label: (
        label.upper["township"] + _changed(rng, label.upper["village"], _homophone) + "".join(label.below)
    ),
    "homophones in township and village": lambda rng, label: (
        _changed(rng, label.upper["township"], _homophone, 2)
        + _changed(rng, label.upper["village"], _homophone, 2)
        + "".join(label.below)
    ),
    "sounds alike in dialect": _dialect,
    "a wrong sign in the village": lambda rng, label: (
        label.upper["county"] + label.upper["township"] + _changed(rng, label.upper["village"], _wrong)
        + "".join(label.below)
    ),
    "a wrong sign in the township": lambda rng, label: (
        _changed(rng, label.upper["township"], _wrong) + label.upper["village"] + "".join(label.below)
    ),
    "a lost sign in the village": _lost_sign,
    "an added sign in the village": _added_sign,
    "two signs swapped": lambda rng, label: (
        label.upper["county"] + label.upper["township"] + _swapped(rng, _stem(label.upper["village"]))
        + "村" + "".join(label.below)
    ),
    "pinyin": _in_letters,
    "the village in pinyin": _half_in_letters,
    "a part said twice": _twice,
    "said on the telephone": _noise,
    "组 for 社": _other_group_word,
    "words misheard": _misheard_words,
    "the door first": _turned,
    "another township": lambda rng, label: (
        label.upper["county"] + rng.choice(label.townships) + label.upper["village"] + "".join(label.below)
    ),
    "hyphens for words": lambda _, label: (
        label.upper["village"] + "-".join(part.strip("附号组社室栋") for part in label.below)
    ),
}  # fmt: skip


def missing_door(rng: random.Random, label: Label) -> str:
    """The same with a number that no door there has."""
    below = [f"{rng.randrange(3000, 9000)}号" if part.endswith("号") and part[0].isdigit() else part
             for part in label.below if not part.startswith("附")]  # fmt: skip
    return label.text("county", *_TOWN, below=below)


TELLING: dict[str, tuple[str, ...]] = {
    "as written": _LONG,
    "without province and prefecture": ("county", *_TOWN),
    "punctuation and brackets": ("county", *_TOWN),
    "another township": ("county", "village"),
    "hyphens for words": _SHORT,
}
"""The divisions that a kind of damage still tells apart, where they are not township and village."""


def make_noise(doors: Doors, upper: Mapping[str, dict[str, str]], each: int, seed: int) -> list[Noisy]:
    """So many texts of each kind, of doors drawn by chance; the same for the same seed.

    A door is drawn among those whose names tell them apart before they are damaged: where two villages are called the
    same and the text says no more of them, there is no one right door.
    """
    rng = random.Random(seed)
    names = _townships(upper)
    made: list[Noisy] = []
    for kind, damage in DAMAGE.items():
        told = _told_apart(upper, TELLING.get(kind, _TOWN))
        labels = _drawn(rng, doors, upper, told, each, names)
        made += [Noisy(kind, damage(rng, label), label.row.code) for label in labels]
    told = _told_apart(upper, ("county", *_TOWN))
    labels = _drawn(rng, doors, upper, told, each, names, only="number")
    return [*made, *(Noisy(MISSING, missing_door(rng, label), None) for label in labels)]


def _townships(upper: Mapping[str, dict[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({names["township"] for names in upper.values() if "township" in names}))


def _told_apart(upper: Mapping[str, dict[str, str]], levels: Sequence[str]) -> frozenset[str]:
    """The villages whose names at some levels no other village has, without the words for what they are."""
    named = {code: tuple(_stem(names[level]) for level in levels) for code, names in upper.items()}
    count = Counter(named.values())
    return frozenset(code for code, name in named.items() if count[name] == 1)


def _drawn(
    rng: random.Random, doors: Doors, upper: Mapping[str, dict[str, str]], told: frozenset[str], count: int,
    names: tuple[str, ...], only: str | None = None,
) -> list[Label]:  # fmt: skip
    """Doors by chance: in villages that are told apart, and with a segment when one must be there."""
    found: list[Label] = []
    while len(found) < count:
        row = doors.row(rng.randrange(len(doors)))
        if row.village in told and (only is None or only in row.segments):
            found.append(Label(row, upper[row.village], names))
    return found
