"""How the loops over many points are compiled: by numba, when first called, and kept on disk for the next process.

Importing this module imports numba, which takes a third of a second: only what needs its loops imports it, and late.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

_config: Any = numba.config
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _keep_by_source() -> None:
    """Lets compiled code be found only by the sources it was made of.

    What is kept knows the file of its function, but not those that its constants and inlined functions come from: with
    another layout of the cells it would go on and read them wrongly.
    """
    here = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    name = f"compiled-{hashlib.sha256(sources).hexdigest()[:16]}"
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    for folder in (here / "__pycache__", Path(caches).expanduser() / "gridmap"):
        try:
            (folder / name).mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):  # may not be written to, or a user without a home
            continue
        if os.access(folder / name, os.W_OK):
            _config.CACHE_DIR = str(folder / name)
            return


if not _config.CACHE_DIR:
    _keep_by_source()


def everything_marker() -> Path | None:
    """A file that is there once everything has been compiled from these sources; None where nothing can be kept."""
    return Path(_config.CACHE_DIR) / "everything" if _config.CACHE_DIR else None


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function compiled, without the interpreter's lock while it runs."""
    # Said outright: what a bare function calls is else compiled as bare.
    return _jit(function, _nrt=True)


def bare(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same for a function that makes no array: without counting references to those it is given.

    The counts are atomic and were three quarters of the time of looking up a point. The option has no public name; the
    caller, which is not bare, holds the arrays while it runs.
    """
    return _jit(function, _nrt=False)


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """A bare function that is put in the place of every call."""
    return _jit(function, _nrt=False, forceinline=True)


def _jit(function: Callable[_P, _R], **options: Any) -> Callable[_P, _R]:
    try:
        made = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no folder to keep it in: installed read-only, by a user without a home
        made = numba.njit(nogil=True, **options)(function)
    return cast("Callable[_P, _R]", made)
