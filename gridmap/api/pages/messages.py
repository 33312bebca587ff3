"""The message catalogues: every text of the pages in every language, and which language a request wants."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from fastapi import Request

from gridmap.sentences import Sentence

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
COOKIE = "gridmap_lang"
_DEFAULT: Language = "zh"
HTML_LANG: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Key → text. Keys are the same in every language (a test holds this)."""
    text = files(__package__).joinpath("catalogues", f"{language}.json").read_text(encoding="utf-8")
    messages: dict[str, str] = json.loads(text)
    return messages


class Messages:
    """The texts of one language; call it with a key and the values of its ``{placeholders}``."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key. Raises KeyError for an unknown one, which a test finds before a reader does."""
        text = self._texts[key]
        return text.format_map(values) if values else text

    def of_import(self, told: str) -> str:
        """What became of a row, or a sentence about it, in this language."""
        if not isinstance(told, Sentence):
            return self(f"import.row_{told}")
        parts = told.parts or ((told,) if told else ())
        return self("said.between").join(self._worded(part) for part in parts)

    def words(self, told: str) -> str:
        """A refusal in this language, when it is a sentence; else as it came."""
        return self.of_import(told) if isinstance(told, Sentence) else told

    def _worded(self, said: Sentence) -> str:
        template = self._texts.get(f"said.{said.code}")
        args = {name: self.of_import(arg) if isinstance(arg, Sentence) else arg for name, arg in said.args.items()}
        return str(said) if template is None else template.format_map(args)

    def sentences(self) -> dict[str, str]:
        """The templates of sentences by code, for the pages that show them."""
        return {key.removeprefix("said."): text for key, text in self._texts.items() if key.startswith("said.")}

    def for_scripts(self) -> dict[str, str]:
        """The texts that scripts use: keys that begin with ``js.``, without that."""
        return {key.removeprefix("js."): text for key, text in self._texts.items() if key.startswith("js.")}


def wanted_language(request: Request) -> Language:
    """``?lang=``, then the cookie, then Accept-Language in its order, then Chinese."""
    asked = (request.query_params.get("lang"), request.cookies.get(COOKIE), *_accepted(request))
    return next((language for wish in asked for language in LANGUAGES if wish == language), _DEFAULT)


def _accepted(request: Request) -> list[str]:
    wishes = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.partition(";q=")
        wishes.append((-_weight(weight), tag.strip().split("-")[0].lower()))
    return [tag for _, tag in sorted(wishes, key=lambda wish: wish[0])]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
