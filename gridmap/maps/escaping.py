"""JSON that can stand inside a script element of an HTML page, whatever names are in it."""

import json
from typing import Any

# `</script>` and `<!--` end or change the element; U+2028 and U+2029 end a line in old JavaScript.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def script_json(value: Any) -> str:
    r"""Compact JSON without ``<``, ``>``, ``&`` and line separators, which it writes as ``\uXXXX``.

    >>> print(script_json({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)
