"""The keys that hold, with what they may see: cached by every worker, and kept beside the snapshot for bad nights.

Only hashes are kept, of 256 random bits each: nobody gets a key from them. The copy is for the time when the database
is away, when only what is not personal is told; it is then as old as the last moment the database was there.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import service as access
from gridmap.access.caller import Caller
from gridmap.divisions.service import prefixes_within
from gridmap.errors import NotFound

Keys = Mapping[bytes, Caller]
"""By SHA-256 whom a key belongs to, the scope resolved."""


def load_keys(session: Session) -> Keys:
    """All keys that hold."""
    scopes: dict[str, tuple[str, ...]] = {}
    found = {}
    for sha256, caller in access.list_callers(session):
        if caller.scope not in scopes:
            scopes[caller.scope] = resolve_scope(session, caller.scope)
        found[sha256] = Caller(caller.name, caller.role, caller.scope, scopes[caller.scope], caller.personal)
    return found


def resolve_scope(session: Session, scope: str) -> tuple[str, ...]:
    """The code prefixes of a scope that was granted."""
    if scope == "all":
        return ("",)
    try:
        return prefixes_within(session, scope)
    except NotFound:
        # The grant came before the division. Its own code is right for every level but a prefecture, which covers
        # nothing until it is known.
        return (scope,)


def write_copy(folder: Path, keys: Keys) -> None:
    """Puts the copy in its place at once, for its owner's eyes only."""
    path = folder / "keys.json"
    rows = [
        {"sha256": sha256.hex(), "name": c.name, "role": c.role, "scope": c.scope, "within": c.within,
         "personal": c.personal}
        for sha256, c in sorted(keys.items())
    ]  # fmt: skip
    text = json.dumps(rows, ensure_ascii=False)
    if _text(path) == text:
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f"keys.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)


def read_copy(folder: Path) -> Keys:
    """The keys as they were when the database was last there; none without a sound copy."""
    try:
        rows: list[dict[str, Any]] = json.loads(_text(folder / "keys.json"))
        return {bytes.fromhex(row.pop("sha256")): Caller(**row | {"within": tuple(row["within"])}) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
