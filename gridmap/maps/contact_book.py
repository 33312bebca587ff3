"""The contact book of an officer: two pages he can carry, his households in the order of a short walk."""

from collections.abc import Sequence
from html import escape

import numpy as np
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import MASKED, Unmasking
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.answers import LookedAfter, officer_households
from gridmap.contacts.service import OfficerRecord
from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.measure import distance_m

_NEEDS = {
    "elderly_alone": "独居老人",
    "infants": "婴幼儿",
    "disabled": "残疾人",
    "pregnant": "孕产妇",
    "medical_device": "医疗设备",
}
_STYLE = """
@page { size: A4; margin: 14mm 12mm 14mm 12mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 9pt "Noto Sans CJK SC", "Noto Serif CJK SC"; } }
body { font-family: "Noto Sans CJK SC", "Noto Serif CJK SC", "Noto Serif Tibetan"; color: #1b2733; font-size: SIZEpt; }
h1 { font-size: 15pt; margin: 0 0 2mm; } h2 { font-size: 12pt; margin: 0 0 2mm; }
p { margin: 0 0 2mm; } .muted { color: #5b6875; font-size: 8.5pt; }
table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; }
th, td { border: 0.3pt solid #8a949e; padding: PADmm 1.2mm; text-align: left; vertical-align: top; line-height: 1.35; }
th { background: #eef1f4; font-weight: 600; } td.n { text-align: right; white-space: nowrap; }
.needs { font-weight: 700; } section + section { break-before: page; }
"""
_FITS = ((20, 10.0, 1.4), (30, 8.5, 0.9), (45, 7.0, 0.5))
"""Up to so many rows a page: the size of the letters in points and the room in a cell in millimetres."""
MOST_ROWS = 45


def contact_book(session: Session, actor: Actor, officer_id: str, unmasking: Unmasking = MASKED) -> bytes:
    """A PDF of two pages: first contacts in the order of the way, then back-ups; names and phones by right, audited.

    Raises NotFound, Forbidden outside the caller's scope or right.
    """
    # Late: the library and its fonts take a second to load, and few requests want them.
    from weasyprint import HTML  # noqa: PLC0415

    officer, found = officer_households(session, actor, officer_id, unmasking)
    stands = queries.place_of_officer(session, officer_id)
    first = [home for home in found if home.rank == 1]
    others = [home for home in found if home.rank > 1]
    html = book_html(officer, in_route_order(first, stands), in_route_order(others, stands), stands is not None)
    pdf: bytes = HTML(string=html).write_pdf()
    return pdf


def in_route_order(homes: Sequence[LookedAfter], start: tuple[float, float] | None) -> list[LookedAfter]:
    """The households in the order of a short way from where the officer stands: nearest next, then crossings undone."""
    if len(homes) < 2:
        return list(homes)
    lonlat = np.array([start or (homes[0].lon, homes[0].lat), *((home.lon, home.lat) for home in homes)], np.float64)
    metres = np.asarray(distance_m(lonlat[:, None, 0], lonlat[:, None, 1], lonlat[None, :, 0], lonlat[None, :, 1]))
    return [homes[at - 1] for at in _two_opt(_nearest_next(metres), metres)[1:]]


def _nearest_next(metres: FloatArray) -> list[int]:
    way, left = [0], set(range(1, len(metres)))
    while left:
        here = way[-1]
        way.append(min(left, key=lambda at: (metres[here, at], at)))
        left.remove(way[-1])
    return way


def _two_opt(way: list[int], metres: FloatArray) -> list[int]:
    """Turns stretches of an open way round as long as that makes it shorter."""
    order: IntArray = np.array(way, np.int64)
    better = True
    while better:
        better = False
        for start in range(1, len(order) - 1):
            for end in range(start + 1, len(order)):
                before, first, last = order[start - 1], order[start], order[end]
                gain = metres[before, first] - metres[before, last]
                if end + 1 < len(order):
                    gain += metres[last, order[end + 1]] - metres[first, order[end + 1]]
                if gain > 1e-6:
                    order[start : end + 1] = order[start : end + 1][::-1].copy()
                    better = True
    return [int(at) for at in order]


def book_html(officer: OfficerRecord, first: list[LookedAfter], others: list[LookedAfter], standing: bool) -> str:  # noqa: FBT001
    """The two pages. Rows beyond what a page holds are counted, never dropped in silence."""
    rows = max(len(first), len(others))
    _, size, pad = next((fit for fit in _FITS if rows <= fit[0]), _FITS[-1])
    style = _STYLE.replace("SIZE", str(size)).replace("PAD", str(pad))
    order = "按行走顺序排列" if standing else "按顺路排列"
    head = (
        f"<h1>联户手册　{escape(officer.name)}</h1>"
        f"<p>{escape(officer.unit)}　电话 {escape(officer.phone or '—')}　编号 {officer.id}</p>"
    )
    return (
        f'<html lang="zh"><head><meta charset="utf-8"><title>联户手册</title><style>{style}</style></head><body>'
        f"<section>{head}<h2>第一联系户 {len(first)} 户（{order}）</h2>{_table(first)}</section>"
        f"<section><h2>备份联系户 {len(others)} 户（第一联系人联系不上时由您负责）</h2>{_table(others)}"
        '<p class="muted">本手册含个人信息，仅限应急与走访使用，妥善保管，用后销毁。</p></section></body></html>'
    )


def _table(homes: list[LookedAfter]) -> str:
    if not homes:
        return "<p>没有。</p>"
    body = "".join(_row(number, home) for number, home in enumerate(homes[:MOST_ROWS], 1))
    more = len(homes) - MOST_ROWS
    rest = f"<p>另有 {more} 户，本页排不下，请在系统中查看。</p>" if more > 0 else ""
    return (
        "<table><tr><th>序</th><th>户主</th><th>电话</th><th>地址</th><th>人口</th><th>需协助转移</th></tr>"
        f"{body}</table>{rest}"
    )


def _row(number: int, home: LookedAfter) -> str:
    needs = "、".join(f"{name}{home.needs[need]}" for need, name in _NEEDS.items() if home.needs[need])
    who = f"{escape(home.name)}<br>{escape(home.head_name)}" if home.name else escape(home.head_name)
    return (
        f'<tr><td class="n">{number}</td><td>{who}</td><td>{escape(home.head_phone or "—")}</td>'
        f'<td>{escape(home.address)}</td><td class="n">{home.persons}</td><td class="needs">{escape(needs)}</td></tr>'
    )
