"""Every text in every language, and no text that nobody wrote."""

import re
import string
from pathlib import Path

import pytest
from starlette.requests import Request

from gridmap.api.pages.messages import LANGUAGES, Language, catalogue, wanted_language
from gridmap.resources import static_dir

PAGES = Path(__file__).parents[2] / "gridmap" / "api" / "pages"
FAMILIES = (
    "frame.theme_",
    "frame.lang_",
    "nav.",
    "problem.",
    "said.",
    "import.report_",
    "export.",
    "import.row_",
    "login.",
    "grids.status_",
    "grids.kind_",
    "grids.sum_",
    "grid.role_",
    "grid.lineage_",
    "grid.field_",
    "changesets.show_",
    "changeset.status_",
    "changeset.letter_",
    "changeset.severity_",
    "changeset.grids_",
    "import.kind_",
    "names.kind_",
    "writes.action_",
    "writes.field_",
    "groups.role_",
    "shelters.kind_",
    "addresses.met_",
    "address.alias_",
    "address.action_",
    "address.segment_",
    "address.severity_",
    "address.problem_",
    "building.kind_",
    "need.",
    "officer.",
    "people.absent_",
    "people.kind_",
    "people.language_",
    "people.officer_",
    "people.posts_",
    "people.status_",
    "people.tier_",
    "unmask.purpose_",
    "pairs.letter_",
    "pairs.status_",
    "pairs.step_",
    "pairs.stage_",
    "pairs.proof_",
    "pairs.problem_",
    "pairs.rank_",
    "cover.figure_",
    "cover.class_",
    "cover.column_",
    "cover.why_",
    "cover.range_",
    "move.reason_",
)
SCRIPT_FAMILIES = (
    "level.",
    "kind.",
    "fact.",
    "layer.",
    "base.",
    "error.",
    "severity.",
    "problem.",
    "import.",
    "search.",
    "history.",
    "field.",
    "value.",
    "move.",
)


def used(folder: Path, patterns: str, text: str) -> set[str]:
    """The keys that files ask for with a whole literal."""
    files = [file for pattern in patterns.split() for file in folder.rglob(pattern) if "vendor" not in file.parts]
    assert files
    return {key for file in files for key in re.findall(text, file.read_text(encoding="utf-8"))}


def test_every_language_has_the_same_keys() -> None:
    assert catalogue("zh").keys() == catalogue("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_placeholders_are_the_same(language: Language) -> None:
    for key, text in catalogue(language).items():
        assert text.strip(), key
        assert _placeholders(text) == _placeholders(catalogue("zh")[key]), key


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_pages_use_only_known_keys_and_every_key_is_used() -> None:
    asked = used(PAGES, "*.html *.py", r"""\bt\(f?["']([\w.]+)["']""")
    scripts = {f"js.{key}" for key in used(static_dir() / "js", "*.js", r"""\bt\(["'`]([\w.]+)["'`]""")}
    known = catalogue("zh").keys()
    assert not {key for key in asked | scripts if not key.endswith((".", "_"))} - known
    families = (*FAMILIES, *(f"js.{family}" for family in SCRIPT_FAMILIES), "emap.layer_", "emap.base_")
    assert not {key for key in known - asked - scripts if not key.startswith(families)}


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "wanted"),
    [
        ("lang=en", "zh", "zh", "en"),
        ("", "en", "zh", "en"),
        ("", "", "de, en-GB;q=0.8, zh;q=0.5", "en"),
        ("", "", "en;q=0.3, zh-CN;q=0.9", "zh"),
        ("", "", "", "zh"),
        ("lang=fr", "xx", "en;q=bad, *", "en"),
        ("lang=<b>", "", "bo", "zh"),
    ],
)
def test_the_language_is_what_was_asked_then_remembered_then_preferred(
    query: str, cookie: str, accept: str, wanted: str
) -> None:
    headers = [(b"accept-language", accept.encode())]
    if cookie:
        headers.append((b"cookie", f"gridmap_lang={cookie}".encode()))
    request = Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers}
    )
    assert wanted_language(request) == wanted
