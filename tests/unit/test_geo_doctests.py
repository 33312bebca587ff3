"""The examples in the docstrings of gridmap.geo say what is true, and every public function has one or a test."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import gridmap.geo

MODULES = [importlib.import_module(f"gridmap.geo.{found.name}") for found in pkgutil.iter_modules(gridmap.geo.__path__)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_docstring_examples(module: ModuleType) -> None:
    assert doctest.testmod(module, raise_on_error=False).failed == 0
