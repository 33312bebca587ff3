"""Who waits for whom: locks on villages and imports, held to the end of a transaction."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session


def lock_villages(session: Session, codes: Iterable[str]) -> None:
    """Makes other publishers of these villages wait until this transaction ends; others go on in parallel."""
    # In one order for everybody, so that two publishers of overlapping villages can't wait for each other.
    for code in sorted(set(codes)):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"gridmap village {code}"}
        )


def lock_imports(session: Session, names: Iterable[str]) -> None:
    """Makes other imports of these kinds and places wait until this transaction ends."""
    for name in sorted(set(names)):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"gridmap import {name}"}
        )
