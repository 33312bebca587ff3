"""The page of benchmarks: a topic's run replaces its own tables and nothing else."""

import doctest
from pathlib import Path

import pytest

from gridmap.bench import report
from gridmap.bench.report import Aim, Table, compared, write_section
from gridmap.bench.run import run
from gridmap.errors import InvalidInput


def test_a_topic_replaces_its_own_section_only(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_section(page, "one", [Table("One", "First.", ["speed"], [["us", 1.0]])], "v1")
    page.write_text(page.read_text() + "\nWhat people wrote about it.\n")
    write_section(page, "two", [_two()], "v1")
    before = page.read_text()
    write_section(page, "one", [Table("One", "Again.", ["speed"], [["us", 12345.6]])], "v2")
    after = page.read_text()
    assert "First." not in after
    assert "| us | 12,346 |" in after
    assert "What people wrote about it." in after
    assert "| us | 6.00 | 3.00 |" in after
    assert "- Aim: “us” ≥ 2 × “them”: 3.00\n- Aim: “us” ≤ 0.5 × “them”: 3.00, not reached\n" in after
    assert after.count("<!-- measured: one -->") == after.count("<!-- end of one -->") == 1
    assert after[after.index("<!-- end of one -->") :] == before[before.index("<!-- end of one -->") :]


def _two() -> Table:
    aims = [Aim("us", "them", 2), Aim("us", "them", 0.5, at_most=True)]
    return compared("Two", "a second", "Once.", {"us": 6.0, "them": 2.0}, "them", aims)


def test_a_topic_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no speed; there are .*locate"):
        run(tmp_path / "page.md", print, ["speed"])
    assert not list(tmp_path.iterdir())


def test_examples() -> None:
    assert doctest.testmod(report).failed == 0
