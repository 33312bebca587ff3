"""Sentences as JSON: each by its code and arguments, found under its English words."""

from collections.abc import Iterable

from gridmap.exchange.schema import SentenceOut
from gridmap.sentences import Sentence


def sentences_out(sentences: Iterable[Sentence]) -> dict[str, list[SentenceOut]]:
    """The parts of each sentence, by its words."""
    return {str(said): _parts(said) for said in sentences if said}


def _parts(said: Sentence) -> list[SentenceOut]:
    return [SentenceOut(code=part.code, text=str(part), args=_args(part)) for part in said.parts or (said,)]


def _args(said: Sentence) -> dict[str, str | list[SentenceOut]]:
    return {name: _parts(told) if isinstance(told, Sentence) else told for name, told in said.args.items()}
