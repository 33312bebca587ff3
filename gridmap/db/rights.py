"""What the application's role may do with each table, granted anew after every migration and restore."""

from sqlalchemy import Connection, text

from gridmap.db.configuration import APPLICATION

_APPEND_ONLY = ("audit_record",)
_READ_ONLY = ("alembic_version",)

_IS_APART = text("SELECT current_user <> :role AND EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_OURS = text(
    "SELECT format('public.%I', relname), relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p', 'v') AND pg_has_role(relowner, 'USAGE')"
)


def grant_rights(connection: Connection) -> None:
    """Gives the application's role what it needs and takes what it must not have, where it is a role of its own.

    A backup holds no rights, so that it fits every installation; without this a restored audit could be rewritten.
    """
    if not connection.scalar(_IS_APART, {"role": APPLICATION}):
        return
    for table, name in connection.execute(_OURS).all():
        connection.execute(text(f"REVOKE ALL ON {table} FROM {APPLICATION}"))
        connection.execute(text(f"GRANT {_rights_on(name)} ON {table} TO {APPLICATION}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION}"))
    connection.commit()


def _rights_on(name: str) -> str:
    if name in _READ_ONLY:
        return "SELECT"
    return "SELECT, INSERT" if name in _APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
