"""The examples in the docstrings of gridmap.addresses say what is true."""

import doctest
from types import ModuleType

import pytest

from gridmap.addresses import format, normalise, numerals  # noqa: A004 - the module is named for what it does
from gridmap.addresses.search import door, sounds


@pytest.mark.parametrize("module", [format, normalise, numerals, door, sounds], ids=lambda module: module.__name__)
def test_docstring_examples(module: ModuleType) -> None:
    tried = doctest.testmod(module, raise_on_error=False)
    assert tried.attempted > 0
    assert tried.failed == 0
