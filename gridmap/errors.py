"""Domain errors: each class says what went wrong in words a clerk understands and has a stable code for programs.

No HTTP here: `gridmap.api.errors` gives the status of each class and `gridmap.cli.errors` its exit status.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gridmap.sentences import Sentence, say


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field or row: where it is, what is wrong, and a stable code."""

    where: str
    message: str
    code: str = "invalid"


def one_of(values: Iterable[str]) -> Sentence:
    """What a field says that takes one of some values."""
    return say("one_of_wanted", "one of {values} is wanted", values=", ".join(values))


class GridmapError(Exception):
    """Base of all errors that gridmap raises on purpose. `detail` is written for the person who reads it."""

    code = "error"

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidInput(GridmapError):
    """The caller sent something that can't be used as it is."""

    code = "invalid_input"


class TooLarge(InvalidInput):
    """More was sent than is taken at once."""

    code = "too_large"


class UnknownMediaType(InvalidInput):
    """The body is of a type that this does not read."""

    code = "unknown_media_type"


class NotFound(GridmapError):
    """There is no such thing, now or at the time asked for."""

    code = "not_found"


class Conflict(GridmapError):
    """The request is sound, but what it wants to change is not as the caller thinks."""

    code = "conflict"


class StaleBase(Conflict):
    """Something else was published since the work on this began."""

    code = "stale_base"


class RowChanged(Conflict):
    """The record was written since the caller read it: the `If-Match` that came along is of an older state."""

    code = "row_changed"


class Unauthenticated(GridmapError):
    """Nobody is known by the key, session or password that was shown, or none was shown."""

    code = "unauthenticated"


class Forbidden(GridmapError):
    """The caller is known, but role or scope does not cover this."""

    code = "forbidden"


class Unavailable(GridmapError):
    """Something that is needed can't be reached just now; trying again may help."""

    code = "unavailable"
    retry_after_s = 1


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer."""

    code = "database_unavailable"


class VersionNotReached(Unavailable):
    """The dataset version that `min_version` asked for has not been published."""

    code = "version_not_reached"


class SnapshotDamaged(Unavailable):
    """A file of the snapshot is missing, cut short or not what was written; the detail names it."""

    code = "snapshot_damaged"


class SettingsError(GridmapError):
    """A GRIDMAP_* variable is unknown or has a bad value."""

    code = "settings"


class ClusterError(GridmapError):
    """The installation's server or its private PostgreSQL can't be made or started; the detail says what to do."""

    code = "cluster"


class AlreadyRunning(ClusterError):
    """Another gridmap serves this home."""

    code = "already_running"


class AddressTaken(ClusterError):
    """The address to serve at can't be had: another program listens there, or it is none of this machine's."""

    code = "address_taken"


class SchemaTooNew(ClusterError):
    """The database was made by a newer gridmap than this one."""

    code = "schema_too_new"
