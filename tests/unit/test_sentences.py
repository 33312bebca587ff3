"""Whatever an import can say has a code, and words in every language."""

import ast
import pickle
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridmap
from gridmap.api.pages.messages import LANGUAGES, Language, Messages, catalogue
from gridmap.sentences import Sentence, say, sentences_in

ROOMS = Path(gridmap.__file__).parent


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def plain(template: str) -> str:
    """A template without the formats of its places."""
    return "".join(text + (f"{{{name}}}" if name else "") for text, name, _, _ in string.Formatter().parse(template))


def templates() -> dict[str, set[str]]:
    """Code → the templates it is said with, from every call in the source."""
    found: dict[str, set[str]] = {}
    for path in ROOMS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "import" not in text or ("gridmap.sentences" not in text and path.name != "sentences.py"):
            continue
        tree = ast.parse(text)
        assigned = [
            (node.lineno, node.targets[0].id, node.value.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ]
        for call in calls(tree, "say"):
            code, template = call.args
            assert isinstance(code, ast.Constant), (path, call.lineno)
            if isinstance(template, ast.Name):
                said = [value for line, name, value in assigned if name == template.id and line < call.lineno][-1]
            else:
                assert isinstance(template, ast.Constant), (path, call.lineno)
                said = template.value
            found.setdefault(str(code.value), set()).add(plain(str(said)))
    return found


def test_every_code_has_one_template_and_words_in_every_language() -> None:
    said = templates()
    assert len(said) > 250
    assert {code: ways for code, ways in said.items() if len(ways) > 1} == {}
    for language in LANGUAGES:
        known = {key.removeprefix("said.") for key in catalogue(language) if key.startswith("said.")}
        assert known - {"between"} == said.keys()
    # That the places are the same in both, `test_messages` holds.
    english = catalogue("en")
    assert {code: english[f"said.{code}"] for code in said} == {code: next(iter(ways)) for code, ways in said.items()}


def test_nothing_chinese_is_forgotten() -> None:
    for key, text in catalogue("zh").items():
        if key.startswith("said.") and not key.endswith(("as_told", "of_column", "of_field", "in_table")):
            assert any("\u4e00" <= character <= "\u9fff" for character in text) or key in SAME, key


SAME = {"said.between", "said.area_of", "said.area_of_village", "said.candidate"}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "新增；其点不在任何网格内；与第 3 行重复"),
        ("en", "new; its point lies in no grid; repeats row 3"),
    ],
)
def test_sentences_in_sentences_are_worded_too(language: Language, told: str) -> None:
    inner = say("point_in_no_grid", "{said}; its point lies in no grid", said=say("new", "new"))
    both = Sentence.joined([inner, say("repeats_row", "repeats row {row}", row=3)])
    assert Messages(language).of_import(both) == told
    assert pickle.loads(pickle.dumps(both)).parts[1].args == {"row": "3"}
    assert list(sentences_in({"rows": [both]})) == [both]


def test_words_that_nobody_has_put_into_a_catalogue_are_shown_as_they_came() -> None:
    assert Messages("zh").of_import(say("quite_new", "quite {what}", what="new")) == "quite new"
