"""Where the files that travel with the code are: a clone's own folders, or the copies in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _root() -> Path:
    clone = _PACKAGE.parent
    return clone if (clone / "migrations" / "env.py").is_file() else _PACKAGE / "_resources"


def static_dir() -> Path:
    """Style sheets, scripts and fonts, ours and (below ``vendor``) those fetched by npm at set-up."""
    return _root() / "static"


def migrations_dir() -> Path:
    """Alembic's environment and its versions."""
    return _root() / "migrations"


def geodata_dir() -> Path:
    """Real codes, names and places, with their sources and licences."""
    return _root() / "geodata"
