"""What people put around and into an address when they say or type it: taken out, or turned into what was meant."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from gridmap.addresses.normalise import normalise
from gridmap.addresses.numerals import NUMERALS, numeral_digits
from gridmap.addresses.search.sounds import respaced, spelled, syllable_of, syllables

LONGEST_TEXT = 200
"""An address is shorter; what stands behind is not read."""
_LATIN_MARKS = re.compile("[\u00c0-\u024f\u0251\u0261]")
"""Letters with a tone on them, as pinyin is written in books: duō bà."""
_MISREAD_DIGITS = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9lIOo]+\|?(?=[号组社队室栋幢]|单元)|(?=[lIOo]*[0-9])[0-9lIOo]+(?![A-Za-z0-9]))"
)
"""What a reader of scanned pages makes of 1 and 0 where something is counted."""
_PHONE = re.compile(
    r"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])|(?<![0-9])0[0-9]{2,3}-[0-9]{7,8}(?![0-9])"
)
_POSTCODE = re.compile(r"^(?:邮编:?)?[1-9][0-9]{5}(?![0-9号组社队])|邮编[,:]?[0-9]{6}")
_ENGLISH = (
    (re.compile(r"\b(?:NO|NUMBER|HOUSE)\.? ?(?=[0-9])([0-9]+[A-Z]?)"), r"\1号"),
    (re.compile(r"\b(?:GROUP|TEAM) ?(?:NO\.? ?)?([0-9]+)"), r"\1组"),
    (re.compile(r"\b(?:BUILDING|BLOCK) ?([0-9]+)"), r"\1号楼"),
    (re.compile(r"\bUNIT ?([0-9]+)"), r"\1单元"),
    (re.compile(r"\b(?:ROOM|RM\.?) ?([0-9]+)"), r"\1室"),
    (re.compile(r"\b([0-9]+)(?:ST|ND|RD|TH) ?(?:GROUP|TEAM)\b"), r"\1组"),
    (re.compile(r"(?<![0-9A-Z])#([0-9]+[A-Z]?)(?![0-9A-Z#号])"), r"\1号"),
    (re.compile(r" ?\b(?:VILLAGE|COMMUNITY)\b"), "村"),
    (re.compile(r" ?\bTOWN(?:SHIP)?\b"), "镇"),
    (re.compile(r" ?\bCOUNTY\b"), "县"),
)  # fmt: skip
_MAYBE_ENGLISH = re.compile(
    "NO[. 0-9]|NUMBER|HOUSE|GROUP|TEAM|BUILDING|BLOCK|UNIT|ROOM|RM|VILLAGE|COMMUNITY|TOWN|COUNTY|#"
)
_LOOSE_DASH = re.compile(
    "(?<=[㐀-鿿])(?<![号楼栋幢座元层组社队室])-(?=[0-9])|-(?=[0-9]+(?:单元|[层室栋幢]|号楼))|(?<=单元)-(?=[0-9])"
)
_APART = re.compile(
    "(?:(?<=[组社队路街巷弄])|(?<=自然村))[0-9](?: [0-9])+(?=号)|(?<=[㐀-鿿])[0-9](?: [0-9])+(?=[组社队])"
    "|(?<=单元)[0-9]+(?: [0-9]+)+(?=室)"
)
"""The digits of one number, as a reader of scanned pages or a line that breaks up sets them: 3组1 2号."""
_COMMUNE = re.compile("(?<=[㐀-鿿]{2})(?:人民)?公社(?=[㐀-鿿])(?!村)")
_LATIN = re.compile("[A-Z]{2}")
_SPOKEN_DIGITS = str.maketrans({"幺": "1", "拐": "7", "洞": "0", "勾": "9"})
_SPOKEN_SIGN = re.compile("[幺拐洞勾]")
_SPOKEN = re.compile("[0-9幺两拐洞勾]+(?=号)")

# Written by ear, or the first that an input method offers: 3祖12好付1, 3设, 2懂3单圆.
_N = "0-9一二三四五六七八九十百零两廿"
_MISHEARD = (
    (re.compile(f"(?<=[{_N}])[祖足租族阻卒](?=[{_N}]|$)"), "组"),
    (re.compile(f"(?<=[{_N}])[设射涉舍舌摄蛇](?=[{_N}]|$)"), "社"),
    (re.compile(f"(?<=[{_N}])[对堆](?=[{_N}]|$)"), "队"),
    (re.compile(f"(?<=[{_N}])[好毫浩耗豪昊郝耀](?=[附{_N}付副富负复父傅腹妇幅楼]|$)"), "号"),
    (re.compile(f"(?<=[{_N}号])[付副富负复父傅腹妇幅符](?=[{_N}])"), "附"),
    (re.compile(f"(?<=[{_N}])[动懂洞东冻](?=[{_N}])"), "栋"),
    (re.compile(f"(?<=[{_N}])[单但丹][员园圆远元](?=[{_N}])"), "单元"),
    (re.compile(f"(?<=[{_N}])[成城程曾](?=[{_N}])"), "层"),
    (re.compile(f"(?<=[{_N}])[市是式事试士世](?=$)"), "室"),
)  # fmt: skip
_BEGUN_UNIT = re.compile("(?<=[0-9]) ?(?:H|HA|S|SH|Z|D|DU|DO|DON|DA|DAN|DANY|DANYU|DANYUA|L|LO|F|C|CE|CEN)$")
_BEGUN_SYLLABLE = re.compile("(?<=[ཀ-ྼ])་[ཀ-ཬ]$")
_UNITS = {
    "zu": "组", "she": "社", "dui": "队", "hao": "号", "fu": "附", "lou": "楼", "dong": "栋", "ceng": "层", "shi": "室",
    "cun": "村", "zhen": "镇", "xiang": "乡",
}  # fmt: skip
_LONG_UNITS = {"danyuan": "单元", "haolou": "号楼", "xiaozu": "组"}
_NUMERALS = {
    "yi": "一", "yao": "一", "er": "二", "liang": "两", "san": "三", "si": "四", "wu": "五", "liu": "六", "qi": "七",
    "ba": "八", "jiu": "九", "shi": "十", "bai": "百", "ling": "零",
}  # fmt: skip
_COUNTERS = "组社队号附楼栋层室"
_COUNTED_ENDS = _COUNTERS + "元"
_NAME_ENDS = frozenset({"ba", "er", "wu", "yi"})
_RUN = re.compile("[A-Z]{2,}(?: [A-Z]{2,})*")
_WORD = re.compile("[A-Z]{4,}")
_HAN_NUMBER = re.compile(f"[{NUMERALS}]+$")


def readable(text: str) -> str:
    """A text in its one form, without the telephone number and the postcode that stood with the address."""
    short = plain = normalise(_as_digits(_without_tones(text[:LONGEST_TEXT])))
    if _LATIN.search(short) and _MAYBE_ENGLISH.search(short):
        for pattern, meant in _ENGLISH:
            short = pattern.sub(meant, short)
    if len(short) > 6:
        short = _POSTCODE.sub("", _PHONE.sub("", short))
    if _SPOKEN_SIGN.search(short):
        short = _SPOKEN.sub(lambda match: match[0].translate(_SPOKEN_DIGITS), short)
    if "-" in short:
        short = _LOOSE_DASH.sub("", short)
    if " " in short:
        short = _APART.sub(lambda match: match[0].replace(" ", ""), short)
    if "公社" in short:
        short = _COMMUNE.sub("乡", short)
    return plain if short == plain else normalise(short)


def _without_tones(text: str) -> str:
    """Pinyin as it is typed for pinyin as it is printed."""
    return _LATIN_MARKS.sub(lambda match: _plain_letter(match[0]), text)


@cache
def _plain_letter(letter: str) -> str:
    apart = unicodedata.normalize("NFD", letter.replace("ɡ", "g").replace("ɑ", "a")).replace("u\u0308", "v")
    return "".join(sign for sign in apart if not unicodedata.combining(sign)) or letter


def _as_digits(text: str) -> str:
    """With 1 for l, I and |, and 0 for O, in numbers."""
    if not _DIGIT_LIKE.search(text):
        return text
    return _MISREAD_DIGITS.sub(lambda match: match[0].translate(_DIGIT_SHAPES), text)


_DIGIT_SHAPES = str.maketrans("lI|Oo", "11100")
_DIGIT_LIKE = re.compile("[lI|Oo]")


def typed_whole(text: str) -> str:
    """A readable text that is being typed, without the beginning of a word that can't be known yet: the h of
    duoba3zu12hao, and half of a Tibetan syllable.

    >>> typed_whole("DUOBA3ZU12H"), typed_whole("多坝村3组12H"), typed_whole("ཅོ་ན")
    ('DUOBA3ZU12', '多坝村3组12H', 'ཅོ')
    """
    if _LATIN.search(text):
        text = _BEGUN_UNIT.sub("", text)
    return _BEGUN_SYLLABLE.sub("", text)


def variants(text: str) -> Iterator[str]:
    """Other ways to take a readable text: with misheard words for what they sound like, and with spelled numbers."""
    heard = text
    for pattern, meant in _MISHEARD:
        heard = pattern.sub(meant, heard)
    if heard != text:
        yield normalise(heard)
    if _LATIN.search(text):
        yield from _spelled_otherwise(heard, {text, heard})
    else:
        sounded = _sounded(heard)
        if sounded not in {text, heard}:
            yield sounded


def _spelled_otherwise(heard: str, seen: set[str]) -> Iterator[str]:
    """With spelled numbers, and with syllables that begin with a vowel where they may begin earlier."""
    for text in dict.fromkeys((heard, _WORD.sub(lambda match: respaced(match[0].lower()).upper(), heard))):
        for longest in (False, True):
            other = normalise(_RUN.sub(lambda match: _unspelled(match, longest=longest), text))  # noqa: B023
            if other not in seen:
                seen.add(other)
                yield other


def _unspelled(match: re.Match[str], *, longest: bool) -> str:
    """A run of letters with its numbers and words of numbers in signs: DUOBA SAN ZU SHIER HAO."""
    parts: list[str] = []
    begins: set[int] = set()
    for word in match[0].split(" "):
        begins.add(len(parts))
        parts += syllables(word.lower()) or [word]
    behind_number = match.string[: match.start()].rstrip(" ")[-1:].isdigit()
    before_number = match.end() < len(match.string) and match.string[match.end()].isdigit()
    done, place = "", 0
    while place < len(parts):
        counted = done[-1:] in _COUNTED_ENDS and done != ""
        step = _number_at(parts, place, longest=longest, counted=counted) if not behind_number or place else None
        if step is not None:
            done += step[0]
            place = step[1]
            behind_number = True
            continue
        part = parts[place]
        words = _LONG_UNITS.get("".join(parts[place : place + 2])) if behind_number else None
        if words is not None:
            done, place = done + words, place + 2
            continue
        if behind_number and part in _UNITS:
            done += _UNITS[part]
            behind_number = part == "hao" and place + 1 < len(parts)
        elif part == "fu" and before_number and place == len(parts) - 1:
            done += "附"
        else:
            # Words stay apart: AZITAN AZITAN has other syllables than AZITANAZITAN.
            done += (" " if place in begins and done[-1:].isascii() and done else "") + part.upper()
            behind_number = False
        place += 1
    return done


def _number_at(parts: list[str], place: int, *, longest: bool, counted: bool) -> tuple[str, int] | None:
    """A spelled number that begins here and the word it counts, or what is left of it at the end of an address.

    `counted`: another number ends right before, so that this one begins here, and needs no word at the end.
    """
    end = place
    while end < len(parts) and parts[end] in _NUMERALS:
        end += 1
    # 八三组 may be the end of 多坝 and 三组: the shorter reading begins later.
    if end == place or (not (longest or counted) and end - place > 1 and parts[place] in _NAME_ENDS and place):
        return None
    number = "".join(_NUMERALS[part] for part in parts[place:end])
    if unit := _LONG_UNITS.get("".join(parts[end : end + 2])):
        return number + unit, end + 2
    if end < len(parts) and _UNITS.get(parts[end], "村") in _COUNTERS:
        return number + _UNITS[parts[end]], end + 1
    if not counted or end < len(parts):
        return None
    # The last 十 of 三百零二十 is 室.
    is_room = number.endswith("十") and numeral_digits(number) is None
    return (number[:-1] + "室" if is_room else number), end


def _sounded(text: str) -> str:
    """Words of numbers by their sound: 山组 for 三组, 是二号 for 十二号, where numbers count something."""
    return _SOUNDED.sub(_by_sound, text)


_SOUNDED = re.compile("([㐀-鿿]{1,4})(组|社|号)")


def _by_sound(match: re.Match[str]) -> str:
    signs = [_NUMERALS.get(syllable_of(sign), "") for sign in match[1]]
    kept = len(signs)
    while kept and signs[kept - 1]:
        kept -= 1
    number = "".join(signs[kept:])
    return normalise(match[1][:kept] + number + match[2]) if number and _HAN_NUMBER.search(number) else match[0]


_FILLER = re.compile(
    "喂+|你好|您好|请问|麻烦|嗯+|啊+|呃+|哦+|那个|这个|就是|我们?家?|俺|咱们?|住在?|家在|现在|在|位于|地址|地点|具体|详细|大概|"
    "应该|好像|可能|是|的|了|呢|吧|吗|里面?|这里|那里|这边|那边|旁边?|对面|附近|隔壁|后面|前面|门口|边上|院子?|人家|户|"
    "收货|送到|派送|快递|电话|联系|急|谢谢|到|去|往|有人?|一个|所在地|户籍|居民|农户|先生|女士|师傅|老"
)


@lru_cache(maxsize=1_000)
def unexplained(text: str) -> int:
    """How many signs of a part that was not read are neither filler nor punctuation."""
    left = _FILLER.sub("", text)
    letters = [sign for sign in left if "A" <= sign <= "Z"]
    spelled_out = sum(_signs_spelled(run) for run in _LETTERS.findall(left))
    return sum(sign.isalnum() for sign in left) - len(letters) + spelled_out


_LETTERS = re.compile("[A-Z]+")


def _signs_spelled(run: str) -> int:
    """How many signs a run of letters stands for: a syllable or an initial for each, a third of what is neither."""
    sounds = spelled(run.lower())
    return len(run) // 3 if sounds is None else len(sounds)


def without_filler(text: str) -> str:
    """The same with spaces in the place of what people only say besides."""
    return _FILLER.sub(lambda match: " " * len(match[0]), text)
