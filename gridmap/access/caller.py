"""Who is asking: the identity, role and scope that a request or a command acts with."""

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


ANONYMOUS = Caller("anonymous", None, "", ())
