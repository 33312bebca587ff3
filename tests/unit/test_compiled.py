"""Compiled code is kept for the next process, and never outlives the sources it was made of."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import gridmap

LOOK = """
from gridmap.geo.cell_kernels import decide_side
print(decide_side(0.0, 0.0, 1.0, 1.0, 0.0, 1.0), decide_side(0.0, 0.0, 1.0, 1.0, 1.0, 0.0))
"""


def look(copy: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHON"))}
    run = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=copy, env=clean, capture_output=True, text=True, check=True, timeout=240
    )
    return run.stdout.strip()


def kept(copy: Path) -> list[Path]:
    return sorted((copy / "gridmap" / "geo" / "__pycache__").glob("compiled-*"))


def test_a_constant_from_another_file_is_not_kept_past_its_change(tmp_path: Path) -> None:
    source = Path(gridmap.__file__).parent
    shutil.copytree(source, tmp_path / "gridmap", ignore=shutil.ignore_patterns("__pycache__", "_resources"))
    assert look(tmp_path) == "1 -1"
    (first,) = kept(tmp_path)
    made = {path.name: path.stat().st_mtime_ns for path in first.rglob("*.nb*")}
    assert made
    assert look(tmp_path) == "1 -1"
    assert {path.name: path.stat().st_mtime_ns for path in first.rglob("*.nb*")} == made
    # A filter that takes whatever was computed for left.
    constants = tmp_path / "gridmap" / "geo" / "predicates.py"
    constants.write_text(constants.read_text().replace("FILTER = 3.3306690738754716e-16", "FILTER = -1e300"))
    assert look(tmp_path) == "1 1"
    assert len(kept(tmp_path)) == 2
