"""Which passwords are taken, and what is kept of them."""

import pytest

from gridmap.access.passwords import check_password, hash_password, make_password, password_fits
from gridmap.errors import InvalidInput


@pytest.mark.parametrize("password", ["Winter-2026", "abcdefgh1!", "卓尼县Zhuoni26", "x" * 190 + "A1"])
def test_taken(password: str) -> None:
    check_password("li.si", password)


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Short-26", ["length"]),
        ("alllowercaseletters", ["kinds"]),
        ("lowercase12345", ["kinds"]),
        ("Li.Si-2026-ok", ["contains_name"]),
        ("li.si", ["length", "kinds", "contains_name"]),
        ("Aa1" * 100, ["length"]),
        ("", ["length", "kinds"]),
    ],
)
def test_refused_with_every_rule_that_is_broken(password: str, broken: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_password("li.si", password)
    assert [error.code for error in caught.value.errors] == broken


def test_a_hash_fits_its_password_only() -> None:
    stored = hash_password("Winter-2026")
    assert stored.startswith("$argon2id$")
    assert "Winter" not in stored
    assert password_fits(stored, "Winter-2026")
    assert not password_fits(stored, "Winter-2027")
    assert not password_fits(None, "Winter-2026")
    assert not password_fits("not a hash", "Winter-2026")
    assert not password_fits(None, "x" * 30), "the stand-in for a name that is not there opens nothing"


def test_a_password_in_either_unicode_form_is_the_same() -> None:
    assert password_fits(hash_password("Café-2026-x"), "Café-2026-x")


def test_made_passwords_keep_the_rules_and_differ() -> None:
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password("admin", password)
