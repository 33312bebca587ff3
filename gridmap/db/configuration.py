"""What the private cluster's three configuration files say."""

import os
from dataclasses import dataclass
from pathlib import Path

from gridmap.db.account import Account

ADMIN, OWNER, APPLICATION = "postgres", "gridmap_owner", "gridmap_app"
DATABASE = "gridmap"
_MIB = 1024 * 1024
_HEAD = "# Written by gridmap at each start."


@dataclass(frozen=True, slots=True)
class Machine:
    """What the tuning depends on."""

    memory_mib: int
    cores: int

    @classmethod
    def this(cls) -> "Machine":
        """The machine, or the part of it that a container may use."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        limit = Path("/sys/fs/cgroup/memory.max")
        told = limit.read_text().strip() if limit.is_file() else ""
        return cls(min(memory, int(told) if told.isdigit() else memory) // _MIB, len(os.sched_getaffinity(0)))


def postgresql_conf(machine: Machine, sockets: Path, workers: int) -> str:
    """The server's settings for a machine that also runs `workers` processes of the application."""
    settings: dict[str, str | int] = {
        "listen_addresses": "",
        "unix_socket_directories": os.fspath(sockets),
        "unix_socket_permissions": "0700",
        # Each worker's pool holds up to twenty; the rest is for commands and a person with psql.
        "max_connections": max(100, 25 * workers + 40),
        "superuser_reserved_connections": 5,
        # An eighth, not the customary quarter: the application, the browser and the page cache share the machine.
        "shared_buffers": f"{_between(64, machine.memory_mib // 8, 2048)}MB",
        "effective_cache_size": f"{max(128, machine.memory_mib // 2)}MB",
        "work_mem": f"{_between(4, machine.memory_mib // 256, 32)}MB",
        # Sorted GiST builds and the index passes of a COPY load want it.
        "maintenance_work_mem": f"{_between(64, machine.memory_mib // 16, 512)}MB",
        "max_parallel_workers_per_gather": min(2, machine.cores // 2),
        "max_parallel_maintenance_workers": min(2, machine.cores // 2),
        # A load writes gigabytes of log in a minute; the short timeout keeps recovery after a crash to seconds.
        "max_wal_size": "2GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "5min",
        "wal_compression": "on",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "random_page_cost": "1.1",
        "effective_io_concurrency": 64,
        # Short geometry queries; compiling them costs more than it saves.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        "log_checkpoints": "off",
        # The log must hold no name and no phone number: no DETAIL with a row, no statement with a literal.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    return "\n".join([f"{_HEAD} Your own settings go into local.conf beside it.", *lines, _LOCAL, ""])


_LOCAL = "include_if_exists = 'local.conf'"

HBA = f"""{_HEAD}
local all all peer map=gridmap
"""
"""Who may connect: whoever comes by the socket, under the roles that pg_ident.conf gives him. No password exists."""


def ident_conf(account: Account) -> str:
    """Root and the user whose cluster it is may take every role; they could read the files anyway."""
    users = sorted({"root", account.name})
    lines = [f'gridmap "{user}" {role}' for user in users for role in (ADMIN, OWNER, APPLICATION)]
    return "\n".join([_HEAD, *lines, ""])


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
