"""The parts of an address from the province to the room."""

from typing import NamedTuple


class Segments(NamedTuple):
    """An address taken apart: the chain of divisions with their codes, then what stands below the village.

    Named as the columns of `addresses.model.Address`, each value as it stands in a label: 3组 or 3社 (村民小组),
    上庄自然村, 滨河东路, 12号, 附1号, 阳光小区, 3号楼, 2单元, 5层, 501室. A name without a code belongs to several
    divisions, which the text does not tell apart.
    """

    province_code: str | None = None
    province: str | None = None
    prefecture_code: str | None = None
    prefecture: str | None = None
    county_code: str | None = None
    county: str | None = None
    township_code: str | None = None
    township: str | None = None
    village_code: str | None = None
    village: str | None = None
    group_name: str | None = None
    hamlet: str | None = None
    street: str | None = None
    number: str | None = None
    sub_number: str | None = None
    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    floor: str | None = None
    room: str | None = None


SEGMENTS = tuple(name for name in Segments._fields if not name.endswith("_code"))
"""The names of all segments in the order in which they stand in a label."""
DOOR_SEGMENTS = SEGMENTS[5:]
"""Those below the village."""
