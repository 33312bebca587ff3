"""The settings of an installation: one frozen object, read once from GRIDMAP_* variables and passed down."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from gridmap.errors import FieldError, SettingsError

_PREFIX = "GRIDMAP_"


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"{name!r} is not a time zone of the IANA list, such as Asia/Shanghai") from error
    return name


def _postgres_url(url: str) -> str:
    if not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("a URL such as postgresql://user:password@host:5432/gridmap is wanted")
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def _at_least_32(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("at least 32 characters are wanted")
    return secret


class Settings(BaseModel):
    """What an installation can be told. Every field is the variable of the same name in capitals behind GRIDMAP_."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: Annotated[str, AfterValidator(_postgres_url)] | None = None
    home: Path = Path(".gridmap")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    public_map: bool = False
    public_geocoder: bool = False
    tianditu_key: SecretStr | None = None
    secret: Annotated[SecretStr, AfterValidator(_at_least_32)] | None = None
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Asia/Shanghai"
    group_smallest: int = Field(default=15, ge=1, le=500)
    group_target: int = Field(default=26, ge=1, le=500)
    group_largest: int = Field(default=40, ge=1, le=1000)

    @model_validator(mode="after")
    def _groups_can_be_cut(self) -> Self:
        smallest, target, largest = self.group_smallest, self.group_target, self.group_largest
        # Else a group that is one too large could only be cut into groups that are too small.
        if not (smallest <= target <= largest and 2 * smallest <= largest + 1):
            raise ValueError(
                f"GRIDMAP_GROUP_SMALLEST ({smallest}) ≤ GRIDMAP_GROUP_TARGET ({target}) ≤ GRIDMAP_GROUP_LARGEST "
                f"({largest}) is wanted, and twice the smallest at most the largest and one"
            )
        return self

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, **overrides: object) -> "Settings":
        """Reads GRIDMAP_* from `env` (default: the process's); an empty variable is unset, an override not None wins.

        Raises SettingsError that names every unknown variable and bad value.
        """
        given = {
            name.removeprefix(_PREFIX).lower(): value
            for name, value in (os.environ if env is None else env).items()
            if name.startswith(_PREFIX) and value != ""
        }
        given_or_overridden = given | {name: value for name, value in overrides.items() if value is not None}
        try:
            settings = cls.model_validate(given_or_overridden)
        except ValidationError as error:
            raise _settings_error(error) from None
        return settings.model_copy(update={"home": settings.home.expanduser().absolute()})

    def env(self) -> dict[str, str]:
        """The variables that make `from_env` in another process return an equal object."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {f"{_PREFIX}{name.upper()}": _as_text(value) for name, value in values.items() if value is not None}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _settings_error(error: ValidationError) -> SettingsError:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        # A rule about several settings has no place of its own; its text names them.
        variable = _PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else "GRIDMAP_GROUP_LARGEST"
        if problem["type"] == "extra_forbidden":
            known = ", ".join(_PREFIX + name.upper() for name in Settings.model_fields)
            problems.append(FieldError(variable, f"no such setting; there are {known}", "unknown"))
        else:
            problems.append(FieldError(variable, problem["msg"].removeprefix("Value error, ")))
    return SettingsError("; ".join(f"{p.where}: {p.message}" for p in problems), errors=problems)
