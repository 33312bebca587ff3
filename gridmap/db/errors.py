"""Driver errors become domain errors here, and only here; the names of constraints are the keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, UnboundExecutionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gridmap.errors import Conflict, DatabaseUnavailable, FieldError, InvalidInput

_SENTENCES = {
    "uq_user_account_name": "There is a user of this name already.",
    "uq_address_label": "There is a current address with this label already.",
    "uq_duty_post_task": "The grid has a post with this task already.",
    "uq_building_address_code": "There is a building at this address already.",
}
"""What to tell a person when a constraint of this name refuses; the others get a sentence by their kind."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the driver raises inside into domain errors.

    Raises DatabaseUnavailable when PostgreSQL is away or refuses connections, Conflict for a key that is taken or a
    row that is still needed, InvalidInput for a check that fails.
    """
    try:
        yield
    except IntegrityError as error:
        raise _of_constraint(error) from error
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable("The database can't be reached just now.") from error
    except UnboundExecutionError as error:
        raise DatabaseUnavailable("The database can't be reached just now, and this is not told without it.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable("The connection to the database was lost.") from error
        raise


def _of_constraint(error: IntegrityError) -> Conflict | InvalidInput:
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "unknown"
    if name.startswith(("ck_", "unknown")):
        where = name.removeprefix("ck_")
        return InvalidInput("A value breaks a rule of the register.", errors=[FieldError(where, "not allowed", name)])
    detail = _SENTENCES.get(name)
    if detail is None and name.startswith("fk_"):
        detail = "Something that is referred to is not there, or something here is still referred to."
    return Conflict(detail or "This is there already.", errors=[FieldError(name[3:], "refused", name)])
