"""Where tests keep what need not outlive them."""

import shutil
from pathlib import Path


def fast_folder(free: int = 2**31) -> str:
    """Memory, where so much is free: a cluster that is copied is 55 MB, and a server's databases are soon a GB."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > free else "/tmp"
