"""Officers of a county: a head for every grid and group, and those who look after households where they were born."""

import numpy as np

from gridmap.demo import names
from gridmap.demo.addresses import Addresses
from gridmap.demo.households import group_codes
from gridmap.demo.land import Land
from gridmap.demo.settlements import Settlements
from gridmap.demo.shares import stream
from gridmap.demo.tables import Row, Value, record_id
from gridmap.geo.arrays import IntArray

_CAPACITY_SHARES = (0.03, 0.07, 0.12, 0.16, 0.20, 0.18, 0.13, 0.11)
_OTHER_KINDS = ("official", "militia", "delegate", "volunteer", "medic")
_OTHER_KIND_SHARES = (0.70, 0.09, 0.04, 0.12, 0.05)
_LANGUAGES = (["zh"], ["zh", "bo"], ["bo"])
_BUREAUS = (
    "人民政府办公室", "应急管理局", "农业农村局", "民政局", "教育局", "卫生健康局", "自然资源局", "水务局",
    "交通运输局", "住房和城乡建设局", "文体广电和旅游局", "林业和草原局", "财政局", "人力资源和社会保障局",
)  # fmt: skip
VILLAGE, TOWNSHIP, COUNTY = range(3)


def make_officers(land: Land, settled: Settlements, addresses: Addresses) -> tuple[list[Row], list[Row]]:
    """Rows of officers, heads first, and of the responsibilities of the heads."""
    total = land.targets.counties[settled.county].officers
    heads = _heads(land, settled)
    rng = stream(land.seed, 13, int(settled.code))
    others = total - len(heads)
    kinds = [kind for _, kind, _ in heads] + rng.choice(_OTHER_KINDS, others, p=_OTHER_KIND_SHARES).tolist()
    births = np.concatenate([_near_birth(len(heads), rng), rng.choice(3, others, p=(0.89, 0.06, 0.05))])
    posts = np.concatenate([np.zeros(len(heads), dtype=np.int64), rng.choice(3, others, p=(0.30, 0.42, 0.28))])
    birthplaces = np.concatenate([[village for _, _, village in heads], _birth_villages(land, settled, others, rng)])
    workplaces = np.concatenate([[village for _, _, village in heads], rng.integers(0, len(settled.villages), others)])
    capacity = rng.choice(np.arange(1, 9), total, p=_CAPACITY_SHARES).tolist()
    language = rng.choice(3, total, p=(0.47, 0.48, 0.05)).tolist()
    absent = rng.uniform(0, 1, total).tolist()
    name = rng.integers(0, 1680, total).tolist()
    posting = _Postings(land, settled, addresses)
    rows: list[Row] = []
    for i, kind in enumerate(kinds):
        number = i + 1
        rows.append((
            settled.code,
            record_id("P", settled.code, number),
            names.person(name[i]),
            names.phone(settled.code, number, officer=True),
            kind,
            posting.unit(kind, int(posts[i]), int(workplaces[i]), i),
            posting.home(int(births[i]), int(birthplaces[i])),
            *posting.work(int(posts[i]), int(workplaces[i])),
            capacity[i],
            _LANGUAGES[language[i]],
            *_absence(absent[i]),
        ))  # fmt: skip
    duties: list[Row] = [(settled.code, code, str(rows[i][1]), "head") for i, (code, _, _) in enumerate(heads)]
    return rows, duties


def _heads(land: Land, settled: Settlements) -> list[tuple[str, str, int]]:
    """For each grid, then each group: its code, the head's kind, and the village's number in the county."""
    village = dict(zip([land.grid_codes[grid] for grid in settled.grids.tolist()],
                       settled.village_of_grid.tolist(), strict=True))  # fmt: skip
    grids = [(code, "grid_head", at) for code, at in village.items()]
    return grids + [(code, "group_head", village[code[:15]]) for code in group_codes(land, settled)]


def _near_birth(count: int, rng: np.random.Generator) -> IntArray:
    return rng.choice(3, count, p=(0.94, 0.05, 0.01))


def _birth_villages(land: Land, settled: Settlements, count: int, rng: np.random.Generator) -> IntArray:
    # Some villages have sent many of theirs into service, others few: there the township has to step in.
    weights = land.targets.households[settled.villages] * rng.lognormal(0.0, 0.5, len(settled.villages))
    return rng.choice(len(settled.villages), count, p=weights / weights.sum())


def _absence(draw: float) -> tuple[Value, Value]:
    """Most are there; a few are away for good, a few for a while."""
    if draw < 0.012:
        return "2026-01-05", None
    return ("2026-03-01", "2027-02-28") if draw < 0.02 else (None, None)


class _Postings:
    """Where an officer was born and works, and in what unit."""

    def __init__(self, land: Land, settled: Settlements, addresses: Addresses) -> None:
        villages = land.places.of_level("village")
        self._villages = [villages[village] for village in settled.villages.tolist()]
        self._by_code = land.places.by_code
        self._county = land.places.by_code[settled.code]
        self._committee = addresses.committee

    def home(self, birth: int, born: int) -> str:
        """The code of the village, the township or the county: who serves here was born in this county."""
        village = self._villages[born]
        return (village.code, village.parent or "", self._county.code)[birth]

    def work(self, post: int, works: int) -> tuple[str, str | None]:
        """The code, and the address of the village's committee for those who work there."""
        village = self._villages[works]
        if post == VILLAGE:
            return village.code, self._committee.get(works)
        return (village.parent or "" if post == TOWNSHIP else self._county.code), None

    def unit(self, kind: str, post: int, works: int, turn: int) -> str:
        """The name of the unit; `turn` goes round the county's bureaus."""
        village = self._villages[works]
        if post == VILLAGE:
            return f"{village.name}卫生室" if kind == "medic" else village.name_full
        if post == TOWNSHIP:
            return self._by_code[village.parent or ""].name + _township_unit(kind)
        bureau = _BUREAUS[turn % len(_BUREAUS)]
        return self._county.name + {"medic": "人民医院", "militia": "人民武装部"}.get(kind, bureau)


def _township_unit(kind: str) -> str:
    return {"medic": "卫生院", "militia": "人民武装部"}.get(kind, "人民政府")
