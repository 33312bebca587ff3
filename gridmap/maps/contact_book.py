"""The contact book of an officer: two pages he can carry, his households in the order of a short walk."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from os.path import commonprefix

import numpy as np
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import MASKED, Unmasking
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.answers import LookedAfter, officer_households
from gridmap.contacts.service import OfficerRecord
from gridmap.db.versions import current_version
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
@page { size: A4; margin: 12mm 12mm 15mm 12mm;
  @bottom-left { content: "FOOT"; font: 9pt FONTS; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 9pt FONTS; } }
body { font-family: FONTS; color: #000; font-size: SIZEpt; }
h1 { font-size: 16pt; margin: 0 0 1.5mm; } h2 { font-size: 12.5pt; margin: 0 0 1.5mm; }
p { margin: 0 0 2mm; }
table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; }
th, td { border: 0.4pt solid #444; padding: PADmm 1.2mm; text-align: left; vertical-align: top; line-height: 1.35; }
th { font-weight: 700; border-bottom-width: 1.2pt; padding-inline: .6mm; } td.n { text-align: right; }
table { table-layout: fixed; } .phone { white-space: nowrap; } .needs { font-weight: 700; }
.tick { text-align: center; }
.note { font-size: 9pt; margin-top: 2mm; } section + section { break-before: page; }
[lang=bo] { font-family: "Noto Serif Tibetan", FONTS; line-height: 1.5; } .other span { display: OTHER; }
""".replace("FONTS", '"Noto Sans CJK SC", "Noto Serif CJK SC", "Noto Serif Tibetan"')
_FITS = ((11.5, 1.6, False), (10.0, 1.0, False), (8.5, 0.6, False), (7.5, 0.5, True), (6.8, 0.3, True))
"""The size of the letters in points, the room in a cell in millimetres, and whether the other contact has one line.

The first that needs no more than two pages is taken.
"""
_HEADS = ("序", "户主", "电话", "地址", "人口", "需协助转移", "", "通知", "转移")
_WIDTHS = {False: (7, 27, 26, 0, 9, 25, 30, 9, 9), True: (6, 24, 17, 0, 8, 34, 42, 8, 8)}
"""In millimetres; the address has the rest."""
MOST_ROWS = 45
_PAGES = 2


def contact_book(
    session: Session, actor: Actor, officer_id: str, printed: datetime, unmasking: Unmasking = MASKED
) -> bytes:
    """A PDF of two pages: first contacts in the order of the way, then back-ups; names and phones by right, audited.

    `printed` stands on it, in its own zone, with the dataset version.

    Raises NotFound, Forbidden outside the caller's scope or right.
    """
    officer, found = officer_households(session, actor, officer_id, unmasking)
    stands = queries.place_of_officer(session, officer_id)
    first = [home for home in found if home.rank == 1]
    others = [home for home in found if home.rank > 1]
    foot = f"{printed:%Y-%m-%d %H:%M} 印制 · 数据版本 {current_version(session)} · 编号 {officer_id}"
    told = (officer, in_route_order(first, stands), in_route_order(others, stands))
    return printed_book(*told, standing=stands is not None, foot=foot)


def printed_book(
    officer: OfficerRecord, first: list[LookedAfter], others: list[LookedAfter], *, standing: bool, foot: str
) -> bytes:
    """The PDF, in letters as large as two pages allow; in the smallest it may take more."""
    # Late: the library and its fonts take a second to load, and few requests want them.
    from weasyprint import HTML  # noqa: PLC0415

    for fit in _FITS:
        html = book_html(officer, first, others, standing=standing, foot=foot, fit=fit)
        book = HTML(string=html).render()
        if len(book.pages) <= _PAGES:
            break
    pdf: bytes = book.write_pdf()
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


def book_html(
    officer: OfficerRecord,
    first: list[LookedAfter],
    others: list[LookedAfter],
    *,
    standing: bool,
    foot: str,
    fit: tuple[float, float, bool] = _FITS[0],
) -> str:
    """The two pages. Rows beyond what a page holds are counted, never dropped in silence."""
    size, pad, compact = fit
    style = (
        _STYLE.replace("SIZE", str(size))
        .replace("PAD", str(pad))
        .replace("OTHER", "inline" if compact else "block")
        .replace("FOOT", foot)
    )
    order = "按行走顺序排列" if standing else "按顺路排列"
    head = f"<h1>联户手册　{_name(officer.name)}</h1><p>{escape(officer.unit)}　电话 {escape(officer.phone or '—')}</p>"
    return (
        f'<html lang="zh"><head><meta charset="utf-8"><title>联户手册 {officer.id}</title><style>{style}</style></head>'
        f"<body><section>{head}<h2>第一联系户 {len(first)} 户（{order}）</h2>{_sums(first)}"
        f"{_table(first, '备份联系人', _WIDTHS[compact])}</section>"
        f"<section><h2>备份联系户 {len(others)} 户（第一联系人联系不上时由您负责）</h2>"
        f"{_sums(others)}"
        f"{_table(others, '第一联系人', _WIDTHS[compact])}"
        '<p class="note">本手册含个人信息，仅限应急与走访使用，妥善保管，用后销毁。</p></section></body></html>'
    )


def _sums(homes: list[LookedAfter]) -> str:
    if not homes:
        return ""
    needs = {name: sum(home.needs[need] for home in homes) for need, name in _NEEDS.items()}
    told = "、".join(f"{name} {count}" for name, count in needs.items() if count) or "无"
    shared = _shared([home.address for home in homes])
    where = f"地址均在{escape(shared)}。" if shared else ""
    return f"<p>共 {sum(home.persons for home in homes)} 人；需协助转移：{told}。{where}</p>"


def _table(homes: list[LookedAfter], other: str, widths: tuple[int, ...]) -> str:
    if not homes:
        return "<p>没有。</p>"
    # What every address begins with is told once above, so that the letters can be larger.
    shared = len(_shared([home.address for home in homes]))
    body = "".join(_row(number, home, shared) for number, home in enumerate(homes[:MOST_ROWS], 1))
    more = len(homes) - MOST_ROWS
    rest = f"<p>另有 {more} 户，本页排不下，请在系统中查看。</p>" if more > 0 else ""
    heads = "".join(
        f'<th style="width: {width}mm">{name or other}</th>' if width else f"<th>{name}</th>"
        for name, width in zip(_HEADS, widths, strict=True)
    )
    return f"<table><tr>{heads}</tr>{body}</table>{rest}"


def _shared(addresses: Sequence[str]) -> str:
    """What all addresses begin with, up to the end of a township or a larger division.

    >>> _shared(["甘肃省卓尼县木耳镇多坝村1号", "甘肃省卓尼县木耳镇力赛村2号"]), _shared(["甲县1号", "乙县1号"])
    ('甘肃省卓尼县木耳镇', '')
    """
    common = commonprefix(list(addresses))  # noqa: RUF071 - letters, not folders
    ends = [at + 1 for at, letter in enumerate(common) if letter in "省州市县区乡镇"]
    return common[: ends[-1]] if ends else ""


def _row(number: int, home: LookedAfter, shared: int) -> str:
    needs = "、".join(f"{name}{home.needs[need]}" for need, name in _NEEDS.items() if home.needs[need])
    who = f"{escape(home.name)}<br>{_name(home.head_name)}" if home.name else _name(home.head_name)
    other = "—" if home.other is None else f"<span>{_name(home.other.name)}</span> {escape(home.other.phone or '—')}"
    return (
        f'<tr><td class="n">{number}</td><td>{who}</td><td class="phone">{escape(home.head_phone or "—")}</td>'
        f'<td>{escape(home.address[shared:])}</td><td class="n">{home.persons}</td>'
        f'<td class="needs">{escape(needs)}</td><td class="other">{other}</td>'
        '<td class="tick">□</td><td class="tick">□</td></tr>'
    )


def _name(name: str) -> str:
    return f'<span lang="bo">{escape(name)}</span>' if "\u0f00" <= name[:1] <= "\u0fff" else escape(name)
