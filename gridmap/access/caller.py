"""Who is asking: the identity, role and scope that a request or a command acts with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["reader", "fieldworker", "editor", "reviewer", "commander", "integrator", "admin"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, a program or nobody in particular.

    `name` is what the audit says: ``user:NAME``, ``key:NAME``, ``cli:NAME`` or ``anonymous``. `role` is None for
    nobody. `scope` is the division, grid or group code that was granted, or ``all``; `within` are the code prefixes
    it resolves to (a prefecture's counties can't be told from its code), `("",)` for all. `personal` is what lets an
    integrator read households.
    """

    name: str
    role: Role | None
    scope: str
    within: tuple[str, ...]
    personal: bool = False

    def covers(self, code: str) -> bool:
        """Whether a division, grid or group lies inside the scope.

        >>> Caller("key:x", "reader", "623022101", ("623022101",)).covers("623022101200001")
        True
        >>> Caller("key:x", "reader", "623022101", ("623022101",)).covers("623022")
        False
        """
        return code.startswith(self.within)

    def narrow(self, prefixes: Iterable[str]) -> tuple[str, ...]:
        """The prefixes of what lies both in the scope and in some code prefixes; empty when nothing does.

        >>> Caller("key:x", "reader", "623022101", ("623022101",)).narrow(["623022", "623023"])
        ('623022101',)
        """
        return narrow(self.within, tuple(prefixes))


def narrow(own: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes of what lies in both.

    >>> narrow(("623022101",), ("623022",)), narrow(("623022",), ("623022101",)), narrow(("623022101",), ("623023",))
    (('623022101',), ('623022101',), ())
    """
    longer = (max(one, other, key=len) for one in own for other in asked)
    return tuple(code for code in longer if code.startswith(own) and code.startswith(asked))


ANONYMOUS = Caller("anonymous", None, "", ())


def same_person(one: str, other: str) -> bool:
    """Whether two names of callers are one person's: ``user:wang`` at the command line is ``cli:wang``.

    >>> same_person("user:wang", "cli:Wang"), same_person("user:wang", "user:li")
    (True, False)
    """
    return one.rpartition(":")[2].casefold() == other.rpartition(":")[2].casefold()
