"""Names that nobody bears and numbers that nobody answers: evidently invented, the same for the same count."""

STEMS = "甲乙丙丁戊己庚辛壬癸"
BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
CYCLE = tuple(STEMS[i % 10] + BRANCHES[i % 12] for i in range(60))
"""The sixty pairs that count years (干支); no register of persons holds such given names by the thousand."""
FIRST_PARTS: tuple[str, ...] = (
    *"王李张刘陈杨赵马安杜孙何罗石包金",
    "才让", "扎西", "卓玛", "丹增", "索南", "贡保", "旺杰", "拉毛", "仁青", "道吉", "完么", "桑吉",
)  # fmt: skip
HAMLETS = (
    "上庄", "下庄", "前庄", "后庄", "东庄", "西庄", "沟门", "河口", "阳坡", "阴坡", "新庄", "老庄", "磨沟", "寺台",
    "桥头", "坪上", "湾里", "滩里", "山根", "崖下", "水泉", "林口", "大庄", "小庄", "台子", "梁上", "沟里", "川口",
    "石咀", "柳树", "松坪", "草坡", "下川", "上川", "岔口", "堡子", "大坪", "小坪", "双岔", "前山",
)  # fmt: skip
STREETS = tuple(
    stem + kind
    for kind in ("路", "街", "东路", "西路", "巷")
    for stem in ("滨河", "人民", "团结", "民主", "文化", "幸福", "和平", "建设", "朝阳", "康乐", "新华", "友谊")
)
ESTATES = tuple(
    stem + kind
    for kind in ("小区", "花园", "家园", "佳苑", "新村")
    for stem in ("阳光", "幸福", "和谐", "安居", "锦绣", "金穗", "雪莲", "格桑", "祥和", "康乐", "惠民", "丰泽")
)
MONASTERIES = ("宝伞寺", "金鱼寺", "宝瓶寺", "莲花寺", "白螺寺", "盘长寺", "胜幢寺", "法轮寺")
"""The eight auspicious signs (八吉祥): no count is laid at the door of a monastery that there is."""
_TIBETAN_DIGITS = str.maketrans("0123456789", "༠༡༢༣༤༥༦༧༨༩")
_HAN_DIGITS = "零一二三四五六七八九"


def person(number: int) -> str:
    """An invented name: a family or given name, then two signs of the calendar.

    >>> person(0), person(17)
    ('王甲子', '扎西辛巳')
    """
    # 28 first parts and 60 pairs share factors: a step of the round shifts the pair, so that all 1,680 names occur.
    rounds, place = divmod(number, len(FIRST_PARTS))
    return FIRST_PARTS[place] + CYCLE[(place + rounds) % 60]


def phone(county: str, number: int, *, officer: bool) -> str:
    """An invented mobile number: eleven digits in the range 100, which no mobile network has.

    >>> phone("623022", 123, officer=False)
    '10052000123'
    """
    return f"100{int(county[4:]) + 30}{number + (500_000 if officer else 0):06d}"


def grid_name_bo(number: int) -> str:
    """Grid and its number in Tibetan, for display only.

    >>> grid_name_bo(12)
    'དྲ་མིག་༡༢'
    """
    return "དྲ་མིག་" + str(number).translate(_TIBETAN_DIGITS)


def han_number(number: int) -> str:
    """1 to 99 as it is written in Chinese.

    >>> han_number(3), han_number(10), han_number(21)
    ('三', '十', '二十一')
    """
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _HAN_DIGITS[tens] + "十") + (
        _HAN_DIGITS[ones] if ones or not tens else ""
    )


def pick(names: tuple[str, ...], number: int, turn: int) -> str:
    """The `number`-th name when the list is read from `turn` on; past its end the names get a number of their own."""
    again, place = divmod(number, len(names))
    name = names[(place + turn) % len(names)]
    return name if again == 0 else f"{name}{han_number(again + 1)}"
