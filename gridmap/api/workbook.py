"""A table as an Excel file in memory."""

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook

from gridmap.exchange.formulas import marked


def workbook(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet with a heading that stays in sight. A text that would be a formula is marked as text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append(list(columns))
    for row in rows:
        sheet.append([marked(value) if isinstance(value, str) else value for value in row])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
