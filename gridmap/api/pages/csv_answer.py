"""A table as a file that spreadsheets of every language open: UTF-8 with its mark."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import Response

from gridmap.api.security import PRIVATE
from gridmap.exchange.formulas import marked


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download of rows. A text that a spreadsheet would take for a formula is marked as text."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": PRIVATE}
    return Response(("\ufeff" + sink.getvalue()).encode(), headers=headers, media_type="text/csv; charset=utf-8")


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return marked(value) if isinstance(value, str) else value
