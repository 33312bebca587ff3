"""Who asks, told by the headers alone: for what is answered before anybody is looked up in the database.

Only programs with a key that is known for sure, and where the installation is open those without one. Whoever else it
is, the ordinary route finds out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from gridmap.access.caller import ANONYMOUS, Caller
from gridmap.access.rights import Right
from gridmap.api.deps import told_mark
from gridmap.api.security import SESSION_COOKIE, open_settings
from gridmap.settings import Settings
from gridmap.snapshot.follower import Follower

Headers = list[tuple[bytes, bytes]]
_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*\r\n")
_HEADERS = frozenset({b"authorization", b"x-api-key", b"cookie", b"if-none-match", b"range"})
_MORE = frozenset({b"content-length", b"transfer-encoding", b"expect", b"trailer", b"upgrade"})
"""Headers that say that more follows, or otherwise: a server's own parser reads those."""
_COOKIE = SESSION_COOKIE.encode()
_BEARER = b"Bearer "
_MOST_SEEN = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A caller who may ask: the code prefixes he is told of, and his part of the ETag. Found again by identity."""

    told: tuple[str, ...]
    mark: str


class KnownCallers:
    """Those who may use a route, by what they show."""

    def __init__(self, right: Right, follower: Follower, settings: Settings, *, everything: bool) -> None:
        """`everything`: whoever may ask is told of the whole map, whatever scope was granted."""
        self._right = right
        self._follower = follower
        self._everything = everything
        self._nobody = self._known(ANONYMOUS) if right.open_to in open_settings(settings) else None
        self._keys: object = None
        self._callers: dict[bytes, Known] = {}
        self._seen: dict[bytes, Known] = {}
        """Who has asked with which headers; of them only a hash is kept, for they may hold a key."""

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> Known | None:
        """Who asks, when he may; None for everybody about whom there is anything to think."""
        shown = None
        for name, value in headers:
            if name not in _HEADERS:
                continue
            if name == b"cookie":
                if _COOKIE in value:
                    return None
            elif name == b"authorization" and shown is None and value.startswith(_BEARER):
                shown = value[len(_BEARER) :]
            elif name == b"x-api-key" and shown is None and value:
                shown = value
            else:
                return None
        if shown is None:
            return self._nobody
        self._refresh()
        return self._callers.get(sha256(shown).digest())

    def of_lines(self, lines: bytes) -> Known | None:
        """The same by the lines as they came: found again by them, as long as the same keys hold."""
        self._refresh()
        digest = sha256(lines).digest()
        known = self._seen.get(digest)
        if known is None:
            read = _read_lines(lines)
            known = None if read is None else self.of(read)
            if known is not None:
                if len(self._seen) >= _MOST_SEEN:
                    self._seen.clear()
                self._seen[digest] = known
        return known

    def _refresh(self) -> None:
        """Takes the keys that hold now."""
        keys = self._follower.sure_keys
        if keys is not self._keys:
            may = self._right.roles
            self._callers = {key: self._known(caller) for key, caller in keys.items() if caller.role in may}
            self._keys, self._seen = keys, {}

    def _known(self, caller: Caller) -> Known:
        return Known(("",) if self._everything else caller.within, told_mark(caller))


def _read_lines(lines: bytes) -> Headers | None:
    """The headers of a request that has nothing behind them; None when there is more to it."""
    if _LINES.fullmatch(lines) is None:
        return None
    pairs = (line.partition(b":") for line in lines.split(b"\r\n")[:-2])
    read = [(name.lower(), value.strip(b" \t")) for name, _, value in pairs]
    unusual = any(name in _MORE or (name == b"connection" and value.lower() != b"keep-alive") for name, value in read)
    return None if unusual else read
