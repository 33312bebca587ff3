"""What is compiled at set-up is all that a server or a plan will ask for: nobody waits for a compiler."""

import subprocess
import sys
from pathlib import Path

ASK = """
from gridmap.addresses.search import kernels, weighing
from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.search import search
from gridmap.addresses.search.table import Doors, read_doors_file, write_doors
from gridmap.addresses.search.index import AddressIndex
from gridmap.contacts.solve import kernels as solve_kernels
from gridmap.exchange.points.warm import warm_up
from gridmap.geo.lonlat import LonLat
from pathlib import Path
from tests.search_register import rows, zhuoni
import sys

entries = (
    kernels.find_names, kernels.match_doors, kernels.count_agreeing, kernels.complete_numbers, kernels.nearest_rows,
    weighing.see_divisions, weighing.weigh_seen, weighing.weigh_holders, solve_kernels.assign,
)
warm_up()
before = [entry.signatures for entry in entries]
assert all(len(signatures) == 1 for signatures in before), before
path = Path(sys.argv[1]) / "doors.arrow"
write_doors(path, Doors.of(rows()).table, {})
index = AddressIndex(zhuoni(), [Doors(read_doors_file(path)[0])])
for text in ("木耳镇多坝村3组4号", "木而镇多把村3组999号", "滨河东路3", "muer duoba 3zu4hao", "阳光小区2号楼"):
    search(index, text)
    search(index, text, Asking(1, ("623022",), LonLat(103.5, 34.6), autocomplete=True))
index.nearest(LonLat(103.5, 34.6), 5, ("623022101",))
assert [entry.signatures for entry in entries] == before
"""


def test_a_search_compiles_nothing_that_was_not_compiled_at_set_up(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path)], cwd=Path(__file__).parents[2], capture_output=True, text=True,
        check=False, timeout=240,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
