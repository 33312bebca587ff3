"""Has the loops of the address search compiled before somebody waits for them, by a register of three doors."""

from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.search import search
from gridmap.addresses.search.table import COLUMNS, Doors
from gridmap.geo.lonlat import LonLat

_PLACES = (
    Place("90", "province", "甲省", None),
    Place("9001", "prefecture", "乙市", "90"),
    Place("900101", "county", "丙县", "9001"),
    Place("900101101", "township", "丁家镇", "900101"),
    Place("900101101201", "village", "上庄村", "900101101"),
    Place("900101101202", "village", "下庄村", "900101101"),
)
_DOORS = (
    {"code": "A90010100000001", "village": "900101101201", "group_name": "3组", "number": "12号"},
    {"code": "A90010100000002", "village": "900101101201", "street": "幸福路", "number": "7号"},
    {"code": "A90010100000003", "village": "900101101202", "street": "幸福路", "number": "71号"},
)
_TEXTS = ("上庄村3组12号", "上装村3组99号", "上庄村幸福路8号", "幸福路7", "SHANGZHUANG 3ZU12HAO")
"""As it is written, misspelt with a number that is not there, a street without it, no village, and in letters."""


def warm_up() -> None:
    """Asks once for everything that is compiled."""
    rows = [{"label": door["number"], "lon": 103.5, "lat": 34.5, **door} for door in _DOORS]
    index = AddressIndex(Gazetteer(_PLACES), [Doors.of([tuple(map(row.get, COLUMNS)) for row in rows])])
    for text in _TEXTS:
        search(index, text, Asking(autocomplete=True))
        search(index, text)
    use_all(index)


def use_all(index: AddressIndex) -> None:
    """Has signs, sounds and compiled loops made ready, which happens at first use; a wrong number uses all of them."""
    search(index, "MUER多坝村3组99999号")
    index.nearest(LonLat(103.5, 34.5), 1)
    index.middle("")
