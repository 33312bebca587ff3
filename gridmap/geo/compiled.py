"""How the loops over many points are compiled: by numba, when first called, and kept on disk for the next process.

Importing this module imports numba, which takes a third of a second: only what needs its loops imports it, and late.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function compiled, without the interpreter's lock while it runs."""
    return _jit(function, inline=False)


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same, put in the place of every call: a call counts references to each array it passes, at 10 ns each."""
    return _jit(function, inline=True)


def _jit(function: Callable[_P, _R], *, inline: bool) -> Callable[_P, _R]:
    try:
        made = numba.njit(cache=True, nogil=True, forceinline=inline)(function)
    except RuntimeError:  # no folder to keep it in: installed read-only, by a user without a home
        made = numba.njit(nogil=True, forceinline=inline)(function)
    return cast("Callable[_P, _R]", made)
