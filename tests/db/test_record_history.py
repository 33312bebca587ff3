"""The write history of registers: what a record was after each write, and a change made on an old reading."""

import pytest
from sqlalchemy.orm import Session

from gridmap.db.history import check_unchanged, keep_revisions, list_revisions
from gridmap.errors import RowChanged

HOUSEHOLD, GROUP = "H62302200000007", "62302210120000101"


def test_a_record_is_told_as_each_write_left_it(session: Session) -> None:
    keep_revisions(session, "user:zhuoma", "create", [(HOUSEHOLD, 1, {"persons": 3}), (GROUP, 1, {"name": "一组"})])
    keep_revisions(session, "user:tashi", "change", [(HOUSEHOLD, 2, {"persons": 4})])
    told = [(r.row_version, r.actor, r.action, r.row) for r in list_revisions(session, HOUSEHOLD)]
    assert told == [(1, "user:zhuoma", "create", {"persons": 3}), (2, "user:tashi", "change", {"persons": 4})]
    assert [r.row for r in list_revisions(session, GROUP)] == [{"name": "一组"}]
    assert list_revisions(session, "H62302200000008") == []


def test_a_change_on_an_old_reading_is_refused_with_both_row_versions() -> None:
    check_unchanged(None, 5, "Household H1")
    check_unchanged(5, 5, "Household H1")
    with pytest.raises(RowChanged, match="at 5, not 4"):
        check_unchanged(4, 5, "Household H1")
