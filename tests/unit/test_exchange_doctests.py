"""The examples in the docstrings of gridmap.exchange say what is true."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import gridmap.exchange

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(gridmap.exchange.__path__, "gridmap.exchange.")
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_docstring_examples(module: ModuleType) -> None:
    assert doctest.testmod(module, raise_on_error=False).failed == 0


def test_some_examples_are_there() -> None:
    found = [test for module in MODULES for test in doctest.DocTestFinder().find(module, module.__name__)]
    assert sum(bool(test.examples) for test in found) > 5
