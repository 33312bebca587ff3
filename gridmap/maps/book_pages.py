"""The contact book on paper: which letters let everybody stand on two pages, and the pages themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from os.path import commonprefix
from typing import Any

from gridmap.contacts.plans.answers import LookedAfter
from gridmap.contacts.service import OfficerRecord

_NEEDS = {
    "elderly_alone": "独居老人",
    "infants": "婴幼儿",
    "disabled": "残疾人",
    "pregnant": "孕产妇",
    "medical_device": "医疗设备",
}
_LETTERS = {"elderly_alone": "老", "infants": "婴", "disabled": "残", "pregnant": "孕", "medical_device": "医"}
_STYLE = """
@page { size: A4; margin: 12mm 12mm 15mm 12mm;
  @bottom-left { content: "FOOT"; font: 9pt FONTS; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 9pt FONTS; } }
body { font-family: FONTS; color: #000; font-size: SIZEpt; }
h1 { font-size: 16pt; margin: 0 0 1.5mm; } h2 { font-size: 12.5pt; margin: 0 0 1.5mm; break-after: avoid; }
p { margin: 0 0 2mm; } section + section { BREAK }
table { border-collapse: collapse; width: 100%; table-layout: fixed; } tr { break-inside: avoid; }
th, td { border: 0.4pt solid #444; padding: PADmm 1.2mm; text-align: left; vertical-align: top; line-height: 1.35; }
th { font-weight: 700; border-bottom-width: 1.2pt; padding-inline: .6mm; } td.n { text-align: right; }
.phone { white-space: nowrap; } .needs { font-weight: 700; } .tick { text-align: center; }
.note { font-size: 9pt; margin-top: 2mm; } .more { font-size: 10pt; font-weight: 700; margin-top: 2mm; }
[lang=bo] { font-family: "Noto Serif Tibetan", FONTS; line-height: 1.5; } .roomy .other span { display: block; }
.dense h1 { font-size: 13pt; margin: 0; } .dense h2 { font-size: 10.5pt; margin: 0 0 .5mm; }
.dense p { margin: 0 0 .8mm; } .dense [lang=bo] { line-height: 1; } .dense td { white-space: nowrap; }
.dense td.free { white-space: normal; }
""".replace("FONTS", '"Noto Sans CJK SC", "Noto Serif CJK SC", "Noto Serif Tibetan"')
_HEADS = ("序", "户主", "电话", "地址", "人口", "需协助转移", "", "通知", "转移")
PAGES = 2
_PAGE_MM, _HEADINGS_MM = 270.0, 25.0
_LETTER_MM = 0.3528
_MOST, _ROWS_LESS = 140, 6
"""More rows than two pages hold in the smallest letters; and how many less are tried next when there are too many."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How large the letters are and how much room a cell has. What everybody has is left out; nobody is.

    `flows`: the back-ups begin where the first contacts end, not on a page of their own. `dense`: a need is one letter,
    and a household has one line where its address allows.
    """

    size_pt: float
    pad_mm: float
    flows: bool = False
    dense: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the columns in millimetres; the address has the rest."""
        return (6, 25, 19, 0, 7, 17, 38, 7, 7) if self.dense else (7, 27, 26, 0, 9, 25, 30, 9, 9)

    def may_hold(self, first: int, others: int) -> bool:
        """Whether so many households could stand on two pages if each had one line."""
        row_mm = self.size_pt * _LETTER_MM * 1.35 + 2 * self.pad_mm
        if self.flows:
            return (first + others) * row_mm <= PAGES * (_PAGE_MM - _HEADINGS_MM)
        return max(first, others) * row_mm <= _PAGE_MM - _HEADINGS_MM


FITS = (
    Fit(11.5, 1.6), Fit(10, 1.0), Fit(10, 0.9, flows=True), Fit(8.5, 0.6, flows=True),
    Fit(7.5, 0.4, flows=True, dense=True), Fit(7, 0.15, flows=True, dense=True),
)  # fmt: skip
"""From the largest letters to the smallest that can be read in the hand; the first that holds everybody is taken."""


def printed_book(
    officer: OfficerRecord, first: list[LookedAfter], others: list[LookedAfter], *, standing: bool, foot: str
) -> bytes:
    """The PDF of two pages, in letters as large as they allow.

    Beyond what the smallest letters hold the back-ups are left out, then the first contacts, those furthest along the
    way; the second page says how many, and where to find them.
    """
    draw = partial(book_html, officer, first, others, standing=standing, foot=foot)
    for fit in FITS:
        if fit.may_hold(len(first), len(others)):
            book = _render(draw(fit=fit))
            if len(book.pages) <= PAGES:
                return _written(book)
    book = _render(draw(fit=FITS[-1], most=_MOST))
    # Every row is an anchor: those on the first pages are known, and only the note has to find room.
    rows = sum(len(page.anchors) for page in book.pages[:PAGES])
    while len(book.pages) > PAGES:
        rows -= _ROWS_LESS
        book = _render(draw(fit=FITS[-1], most=rows))
    return _written(book)


def _render(html: str) -> Any:
    # Late: the library and its fonts take a second to load, and few requests want them.
    from weasyprint import HTML  # noqa: PLC0415

    return HTML(string=html).render()


def _written(book: Any) -> bytes:
    pdf: bytes = book.write_pdf()
    return pdf


def book_html(
    officer: OfficerRecord,
    first: list[LookedAfter],
    others: list[LookedAfter],
    *,
    standing: bool,
    foot: str,
    fit: Fit = FITS[0],
    most: int | None = None,
) -> str:
    """The pages. Of more than `most` households the rest is counted, never dropped in silence."""
    shown = first[:most]
    seconds = others if most is None else others[: most - len(shown)]
    left = len(first) - len(shown), len(others) - len(seconds)
    order = "按行走顺序排列" if standing else "按顺路排列"
    head = f"<h1>联户手册　{_name(officer.name)}</h1><p>{escape(officer.unit)}　电话 {escape(officer.phone or '—')}</p>"
    return (
        f'<html lang="zh"><head><meta charset="utf-8"><title>联户手册 {officer.id}</title>'
        f"<style>{_style(fit, foot)}</style></head>"
        f'<body class="{"dense" if fit.dense else "roomy"}"><section>{head}{_key(fit)}'
        f"<h2>第一联系户 {len(first)} 户（{order}）</h2>{_sums(first)}"
        f"{_table(shown, '备份联系人', fit, 'f', of=len(first))}</section>"
        f"<section><h2>备份联系户 {len(others)} 户（第一联系人联系不上时由您负责）</h2>"
        f"{_sums(others)}"
        f"{_table(seconds, '第一联系人', fit, 's', of=len(others))}"
        f"{_left_out(officer, *left)}"
        '<p class="note">本手册含个人信息，仅限应急与走访使用，妥善保管，用后销毁。</p></section></body></html>'
    )


def _style(fit: Fit, foot: str) -> str:
    return (
        _STYLE.replace("SIZE", str(fit.size_pt))
        .replace("PAD", str(fit.pad_mm))
        .replace("BREAK", "margin-top: 3mm;" if fit.flows else "break-before: page;")
        .replace("FOOT", foot)
    )


def _key(fit: Fit) -> str:
    """What the letters of needs stand for, where they stand for them."""
    told = "　".join(f"{_LETTERS[need]} {name}" for need, name in _NEEDS.items())
    return f"<p>需协助转移：{told}</p>" if fit.dense else ""


def _left_out(officer: OfficerRecord, first: int, others: int) -> str:
    """How many two pages have no room for, and what to do about them."""
    if first + others == 0:
        return ""
    told = "、".join(f"{name} {count} 户" for name, count in (("第一联系户", first), ("备份联系户", others)) if count)
    return (
        f'<p class="more">还有{told}未印在这两页上。请在系统“联系干部”中打开 {officer.id} 查看全部；'
        "人手不够时，请向乡镇提出重新结对。</p>"
    )


def _sums(homes: list[LookedAfter]) -> str:
    if not homes:
        return ""
    needs = {name: sum(home.needs[need] for home in homes) for need, name in _NEEDS.items()}
    told = "、".join(f"{name} {count}" for name, count in needs.items() if count) or "无"
    shared = _shared([home.address for home in homes])
    where = f"地址均在{escape(shared)}。" if shared else ""
    return f"<p>共 {sum(home.persons for home in homes)} 人；需协助转移：{told}。{where}</p>"


def _table(homes: list[LookedAfter], other: str, fit: Fit, mark: str, *, of: int) -> str:
    if not homes:
        return "" if of else "<p>没有。</p>"
    # What every address begins with is told once above, so that the letters can be larger.
    shared = len(_shared([home.address for home in homes]))
    body = "".join(_row(number, home, shared, mark, dense=fit.dense) for number, home in enumerate(homes, 1))
    heads = "".join(
        f'<th style="width: {width}mm">{name or other}</th>' if width else f"<th>{name}</th>"
        for name, width in zip(_HEADS, fit.widths, strict=True)
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _shared(addresses: Sequence[str]) -> str:
    """What all addresses begin with, up to the end of a township or a larger division.

    >>> _shared(["甘肃省卓尼县木耳镇多坝村1号", "甘肃省卓尼县木耳镇力赛村2号"]), _shared(["甲县1号", "乙县1号"])
    ('甘肃省卓尼县木耳镇', '')
    """
    common = commonprefix(list(addresses))  # noqa: RUF071 - letters, not folders
    ends = [at + 1 for at, letter in enumerate(common) if letter in "省州市县区乡镇"]
    return common[: ends[-1]] if ends else ""


def _row(number: int, home: LookedAfter, shared: int, mark: str, *, dense: bool) -> str:
    needs = (" " if dense else "、").join(
        f"{name}{home.needs[need]}" for need, name in (_LETTERS if dense else _NEEDS).items() if home.needs[need]
    )
    between = " " if dense else "<br>"
    who = f"{escape(home.name)}{between}{_name(home.head_name)}" if home.name else _name(home.head_name)
    other = "—" if home.other is None else f"<span>{_name(home.other.name)}</span> {escape(home.other.phone or '—')}"
    return (
        f'<tr id="{mark}{number}"><td class="n">{number}</td><td class="free">{who}</td>'
        f'<td class="phone">{escape(home.head_phone or "—")}</td><td class="free">{escape(home.address[shared:])}</td>'
        f'<td class="n">{home.persons}</td><td class="needs">{escape(needs)}</td><td class="other">{other}</td>'
        '<td class="tick">□</td><td class="tick">□</td></tr>'
    )


def _name(name: str) -> str:
    return f'<span lang="bo">{escape(name)}</span>' if "\u0f00" <= name[:1] <= "\u0fff" else escape(name)
