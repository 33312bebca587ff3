"""The contact book on paper: two pages for a normal load, names in the letters of both languages, nobody left out."""

import doctest
import io
import re

import pytest
from pypdf import PdfReader

from gridmap.contacts.plans.answers import LookedAfter, Other
from gridmap.contacts.service import OfficerRecord
from gridmap.households.model import NEEDS
from gridmap.maps import book_pages
from gridmap.maps.book_pages import book_html, printed_book

FOOT = "2026-11-27 11:50 印制 · 数据版本 17"
OFFICER = OfficerRecord(
    "P99000100000001", "扎西", "13500000001", "official", "双村镇政府", "990001101200", "990001", None, 8, ["zh"],
    None, None, "current", [], 1,
)  # fmt: skip


def _home(number: int, rank: int) -> LookedAfter:
    names = ("李措姆", "བཀྲ་ཤིས་ཚེ་རིང་", "欧阳卓玛")
    return LookedAfter(
        id=f"H{number}", rank=rank, tier=0, reason="", kind="family", name=None, head_name=names[number % 3],
        head_phone="13812348000", address=f"试验省练习州小县双村镇西村{number}组{number}号附1号", persons=3,
        needs={**dict.fromkeys(NEEDS, 0), "elderly_alone": int(number == 2)}, grid_code=None, lon=0, lat=0,
        distance_m=None, other=Other("P99000100000002", 2, "བསོད་ནམས་རྒྱ་མཚོ", "13999990000"),
    )  # fmt: skip


def _book(first: int, others: int) -> PdfReader:
    told = (OFFICER, [_home(n, 1) for n in range(1, first + 1)], [_home(n, 2) for n in range(1, others + 1)])
    return PdfReader(io.BytesIO(printed_book(*told, standing=True, foot=FOOT)))


@pytest.mark.parametrize(("first", "others"), [(8, 12), (0, 0)])
def test_a_normal_load_is_two_pages(first: int, others: int) -> None:
    book = _book(first, others)
    assert len(book.pages) == 2
    text = book.pages[0].extract_text()
    assert "印制" in text
    assert "17" in text
    assert f"{first} 户" in text


def test_who_to_call_what_is_needed_and_letters_of_both_languages_are_on_it() -> None:
    page = _book(3, 1).pages[0]
    text = page.extract_text()
    assert "13812348000" in text
    assert "13999990000" in text
    assert "独居老人" in text
    fonts = [font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].get_object().values()]  # type: ignore[index]
    assert any("Tibetan" in name for name in fonts)
    assert any("CJK" in name for name in fonts)


def test_what_all_addresses_share_is_told_once() -> None:
    html = book_html(OFFICER, [_home(n, 1) for n in range(1, 9)], [], standing=True, foot=FOOT)
    assert html.count("试验省练习州小县双村镇") == 1


def test_a_hundred_households_stand_on_two_pages_and_nobody_is_left_out() -> None:
    book = _book(60, 40)
    assert len(book.pages) == 2
    text = "".join(page.extract_text() for page in book.pages)
    assert "未印" not in text
    assert [f"{n}组{n}号" in text for n in range(1, 61)] == [True] * 60
    assert "老 独居老人" in text


def test_what_two_pages_cannot_hold_is_counted_on_the_second_with_what_to_do() -> None:
    book = _book(190, 30)
    assert len(book.pages) == 2
    text = "".join(page.extract_text() for page in book.pages)
    assert "190 户" in text
    told = re.search(r"还有第一联系户 (\d+) 户、备份联系户 30 户未印", book.pages[1].extract_text().replace("\n", ""))
    assert told
    assert OFFICER.id in book.pages[1].extract_text()
    printed = [n for n in range(1, 191) if f"村{n}组{n}号" in text.replace("\n", "")]
    assert printed == list(range(1, 191 - int(told[1])))
    assert len(printed) > 90


def test_the_examples_are_true() -> None:
    assert doctest.testmod(book_pages).failed == 0
