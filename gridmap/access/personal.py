"""Names and phone numbers as they are kept: one form, nothing masked, nothing that a spreadsheet would run.

The registers hold what an evacuation or a service visit needs and no more (Personal Information Protection Law,
article 6): what a file or a request must not even offer is told here too.
"""

import re
import unicodedata

from gridmap.sentences import Sentence, say

LONGEST_NAME = 60
_MOBILE = re.compile("1[3-9][0-9]{9}", re.ASCII)
_NUMBER = re.compile("[0-9]{3,12}", re.ASCII)
_FORMULA = ("=", "+", "-", "@")
_IDENTITY = say("kept_identity", "identity-card number")
_ETHNICITY, _RELIGION = say("kept_ethnicity", "ethnicity"), say("kept_religion", "religion")
_WATCH = say("kept_watch", "political or watch-list field")
_TRACKING = say("kept_tracking", "tracking of a person")
_MONEY, _HEALTH = say("kept_money", "income or bank account"), say("kept_health", "medical record")
_NOT_KEPT = {
    _IDENTITY: ("身份证", "证件号", "公民身份", "idcard", "idnumber", "identitycard", "sfz", "nationalid",
                "护照", "军官证", "社保", "医保", "passport", "socialsecurity"),
    _ETHNICITY: ("民族", "族别", "ethnic", "nationality"),
    _RELIGION: ("宗教", "信仰", "信教", "religio", "faith", "belief"),
    _WATCH: ("政治面貌", "党员", "党派", "重点人员", "重点人口", "信访", "涉稳", "上访",
             "political", "party", "watchlist", "criminal", "blacklist"),
    _TRACKING: ("人脸", "指纹", "车牌", "轨迹", "faceid", "fingerprint", "licenseplate", "tracking"),
    _MONEY: ("收入", "低保", "贫困", "银行", "income", "salary", "poverty", "bankaccount"),
    _HEALTH: ("病史", "病情", "疾病", "诊断", "血型", "disease", "diagnosis", "bloodtype"),
}  # fmt: skip


class BadPersonal(ValueError):
    """A name or phone that can't be kept; the sentence says why, `code` is stable."""

    def __init__(self, said: Sentence, code: str = "invalid") -> None:
        super().__init__(said)
        self.said = said
        self.code = code


def never_kept(heading: str) -> Sentence | None:
    """What a field or column of this name would hold that no register keeps; None for any other.

    >>> never_kept("户主身份证号"), never_kept("ID card"), never_kept("head_name")
    ('identity-card number', 'identity-card number', None)
    """
    folded = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).lower())
    return next((what for what, words in _NOT_KEPT.items() if any(word in folded for word in words)), None)


def is_masked(text: str) -> bool:
    """Whether a name or phone is one that was shown masked.

    >>> is_masked("李**"), is_masked("138＊＊＊＊8000"), is_masked("李措姆")
    (True, True, False)
    """
    return "*" in unicodedata.normalize("NFKC", text)


def read_name(text: str) -> str:
    """A person's or place's name, in NFC, without blanks at the ends. Raises BadPersonal.

    >>> read_name("  李措姆 ")
    '李措姆'
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise BadPersonal(say("name_wanted", "a name is wanted"), "missing")
    if is_masked(name):
        raise BadPersonal(
            say("masked_name", "this is a masked name, not a name; leave it away to keep the one that is known"),
            "masked",
        )
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadPersonal(say("name_characters", "a name has at most {most} printable characters", most=LONGEST_NAME))
    if name.startswith(_FORMULA):
        raise BadPersonal(say("name_begins", "a name can't begin with {letter}", letter=name[0]))
    return name


def read_phone(text: str) -> str:
    """A phone number as digits, without the country's 86. Raises BadPersonal.

    >>> read_phone("+86 138-1234-8000"), read_phone("（0941）362 1234"), read_phone("１３８１２３４８０００")
    ('13812348000', '09413621234', '13812348000')
    """
    folded = unicodedata.normalize("NFKC", text)
    if is_masked(folded):
        raise BadPersonal(
            say("masked_phone", "this is a masked phone, not a phone; leave it away to keep the one that is known"),
            "masked",
        )
    digits = re.sub(r"[\s().\-–—]", "", folded)
    digits = re.sub(r"^(?:\+86|0086|86(?=1[0-9]{10}$))", "", digits)
    if not _NUMBER.fullmatch(digits):
        raise BadPersonal(say("phone_form", "one phone number is wanted, such as 13900001234 or 0941-3621234"))
    if digits.startswith("1") and len(digits) > 6 and not _MOBILE.fullmatch(digits):
        raise BadPersonal(
            say(
                "mobile_digits",
                "a mobile number has 11 digits and begins with 13 to 19; this one has {count}",
                count=len(digits),
            )
        )
    return digits
