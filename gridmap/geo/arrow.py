"""Arrow without pandas: as soon as an array is made it would have it imported, for half a second and 100 MB of every
process, to see whether it was handed a frame; nothing here ever hands it one.

To be imported before the first array is made. Whoever asks Arrow for a frame outright still gets one.
"""

import sys
import warnings
from types import ModuleType

import pyarrow as pa


def _let_pandas_rest() -> None:
    """Arrow looks for pandas once; that once it finds one too old to be of use."""
    if "pandas" in sys.modules:
        return
    too_old = ModuleType("pandas")
    too_old.__dict__["__version__"] = "0"
    sys.modules["pandas"] = too_old
    try:
        with warnings.catch_warnings(action="ignore"):
            pa.array([0])
    finally:
        del sys.modules["pandas"]


_let_pandas_rest()
