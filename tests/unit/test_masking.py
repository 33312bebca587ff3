"""A masked name or phone never shows more than it may."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.access.masking import mask_name, mask_phone

TIBETAN = st.characters(min_codepoint=0x0F00, max_codepoint=0x0FFF)
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.characters(
    min_codepoint=0x20000, max_codepoint=0x2A6DF
)
NAMES = st.text(HAN, max_size=6) | st.text(TIBETAN, max_size=40) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("李四", "李**"),
        ("李措姆", "李**"),
        ("欧阳卓玛", "欧**"),
        ("  王五 ", "王**"),
        ("𠮷田", "𠮷**"),
        ("བཀྲ་ཤིས་ཚེ་རིང་", "བ**"),
        ("རྡོ་རྗེ", "རྡོ**"),
        ("Tashi Tsering", "T**"),
        ("", "**"),
    ],
)
def test_names_as_people_know_them(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@given(NAMES)
def test_of_a_name_one_character_with_its_marks_is_left(name: str) -> None:
    shown = mask_name(name).removesuffix("**")
    assert name.strip().startswith(shown)
    assert sum(not unicodedata.category(c).startswith("M") for c in shown) <= 1
    assert shown == "" or all(unicodedata.category(c).startswith("M") for c in shown[1:])


@given(st.text(HAN, min_size=1, max_size=1), st.text(HAN, max_size=5), st.text(HAN, max_size=5))
def test_the_length_of_a_name_is_not_told(first: str, one: str, other: str) -> None:
    assert mask_name(first + one) == mask_name(first + other)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812348000", "138****8000"),
        ("138 1234 8000", "138****8000"),
        ("１３８１２３４８０００", "138****8000"),
        ("+8613812348000", "138****8000"),
        ("0941-3622345", "094****2345"),
        ("3622345", "****45"),
        ("13812348000/13912348001", "****01"),
        ("110", "****"),
        ("无", "****"),
        ("", "****"),
        (None, None),
    ],
)
def test_phones_of_every_length(phone: str | None, shown: str | None) -> None:
    assert mask_phone(phone) == shown


@given(st.text(st.sampled_from("0123456789+-/ 　０９"), max_size=40))
def test_of_a_phone_at_least_four_digits_are_hidden(phone: str) -> None:
    shown = mask_phone(phone)
    assert shown is not None
    digits = [c for c in unicodedata.normalize("NFKC", phone) if c.isdecimal()]
    left = shown.replace("****", "")
    assert "****" in shown
    assert len(left) <= max(0, min(7, len(digits) - 4))
