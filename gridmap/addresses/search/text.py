"""What people put around and into an address when they say or type it: taken out, or turned into what was meant."""

import re
from collections.abc import Iterator

from gridmap.addresses.normalise import normalise
from gridmap.addresses.numerals import NUMERALS
from gridmap.addresses.search.sounds import syllable_of, syllables

LONGEST_TEXT = 200
"""An address is shorter; what stands behind is not read."""
_PHONE = re.compile(r"(?<![0-9])(?:\+?86-?)?1[3-9][0-9]{9}(?![0-9])|(?<![0-9])0[0-9]{2,3}-[0-9]{7,8}(?![0-9])")
_POSTCODE = re.compile(r"^(?:邮编:?)?[1-9][0-9]{5}(?![0-9号组社队])|邮编[,:]?[0-9]{6}")
_ENGLISH = (
    (re.compile(r"\b(?:NO|NUMBER|HOUSE)\.? ?(?=[0-9])([0-9]+[A-Z]?)"), r"\1号"),
    (re.compile(r"\b(?:GROUP|TEAM) ?(?:NO\.? ?)?([0-9]+)"), r"\1组"),
    (re.compile(r"\b(?:BUILDING|BLOCK) ?([0-9]+)"), r"\1号楼"),
    (re.compile(r"\bUNIT ?([0-9]+)"), r"\1单元"),
    (re.compile(r"\b(?:ROOM|RM\.?) ?([0-9]+)"), r"\1室"),
    (re.compile(r"\b([0-9]+)(?:ST|ND|RD|TH) ?(?:GROUP|TEAM)\b"), r"\1组"),
    (re.compile(r" ?\b(?:VILLAGE|COMMUNITY)\b"), "村"),
    (re.compile(r" ?\bTOWN(?:SHIP)?\b"), "镇"),
    (re.compile(r" ?\bCOUNTY\b"), "县"),
)  # fmt: skip
_LOOSE_DASH = re.compile(
    "(?<=[㐀-鿿])(?<![号楼栋幢座元层组社队室])-(?=[0-9])|-(?=[0-9]+(?:单元|[层室栋幢]|号楼))|(?<=单元)-(?=[0-9])"
)
_LATIN = re.compile("[A-Z]{2}")
_SPOKEN_DIGITS = str.maketrans({"幺": "1", "拐": "7", "洞": "0", "勾": "9"})
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
_UNITS = {
    "zu": "组", "she": "社", "dui": "队", "hao": "号", "fu": "附", "lou": "楼", "dong": "栋", "ceng": "层", "shi": "室",
    "cun": "村", "zhen": "镇", "xiang": "乡",
}  # fmt: skip
_NUMERALS = {
    "yi": "一", "yao": "一", "er": "二", "liang": "两", "san": "三", "si": "四", "wu": "五", "liu": "六", "qi": "七",
    "ba": "八", "jiu": "九", "shi": "十", "bai": "百", "ling": "零",
}  # fmt: skip
_COUNTERS = "组社队号附楼栋层室"
_RUN = re.compile("[A-Z]{2,}(?: [A-Z]{2,})*")
_HAN_NUMBER = re.compile(f"[{NUMERALS}]+$")


def readable(text: str) -> str:
    """A text in its one form, without the telephone number and the postcode that stood with the address."""
    short = normalise(text[:LONGEST_TEXT])
    if _LATIN.search(short):
        for pattern, meant in _ENGLISH:
            short = pattern.sub(meant, short)
    if len(short) > 6:
        short = _POSTCODE.sub("", _PHONE.sub("", short))
    if any(sign in short for sign in "幺拐洞勾"):
        short = _SPOKEN.sub(lambda match: match[0].translate(_SPOKEN_DIGITS), short)
    return normalise(_LOOSE_DASH.sub("", short))


def variants(text: str) -> Iterator[str]:
    """Other ways to take a readable text: with misheard words for what they sound like, and with spelled numbers."""
    heard = text
    for pattern, meant in _MISHEARD:
        heard = pattern.sub(meant, heard)
    if heard != text:
        yield normalise(heard)
    if _LATIN.search(text):
        seen = {text, heard}
        for longest in (False, True):
            spelled = normalise(_RUN.sub(lambda match: _unspelled(match, longest=longest), heard))  # noqa: B023
            if spelled not in seen:
                seen.add(spelled)
                yield spelled
    else:
        sounded = _sounded(heard)
        if sounded not in {text, heard}:
            yield sounded


def _unspelled(match: re.Match[str], *, longest: bool) -> str:
    """A run of letters with its numbers and words of numbers in signs: DUOBA SAN ZU SHIER HAO."""
    parts: list[str] = []
    begins: set[int] = set()
    for word in match[0].split(" "):
        begins.add(len(parts))
        parts += syllables(word.lower()) or [word]
    behind_number = match.start() > 0 and match.string[match.start() - 1].isdigit()
    before_number = match.end() < len(match.string) and match.string[match.end()].isdigit()
    done, place = "", 0
    while place < len(parts):
        step = _number_at(parts, place, longest=longest) if not behind_number or place else None
        if step is not None:
            done += step[0]
            place = step[1]
            behind_number = True
            continue
        part = parts[place]
        if behind_number and parts[place : place + 2] == ["dan", "yuan"]:
            done, place = done + "单元", place + 2
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


def _number_at(parts: list[str], place: int, *, longest: bool) -> tuple[str, int] | None:
    """A spelled number that begins here and the word it counts, or what is left of it at the end of an address."""
    end = place
    while end < len(parts) and parts[end] in _NUMERALS:
        end += 1
    # 八三组 may be the end of 多坝 and 三组: the shorter reading begins later.
    if end == place or (not longest and end - place > 1 and parts[place] in {"ba", "er", "wu", "yi"} and place):
        return None
    if end < len(parts) and _UNITS.get(parts[end], "村") in _COUNTERS:
        return "".join(_NUMERALS[part] for part in parts[place:end]) + _UNITS[parts[end]], end + 1
    return None


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


def unexplained(text: str) -> int:
    """How many signs of a part that was not read are neither filler nor punctuation."""
    left = _FILLER.sub("", text)
    # A syllable of three letters is one sign.
    letters = sum("A" <= sign <= "Z" for sign in left)
    return sum(sign.isalnum() for sign in left) - letters + letters // 3


def without_filler(text: str) -> str:
    """The same with spaces in the place of what people only say besides."""
    return _FILLER.sub(lambda match: " " * len(match[0]), text)
