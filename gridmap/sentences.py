"""Sentences for people that keep their code and arguments: programs act on them, pages word them in any language."""

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Self

_FORMATTER = string.Formatter()


class Sentence(str):
    """A sentence in English, and what it is made of: a code with arguments, or several sentences (`parts`)."""

    __slots__ = ("args", "code", "parts")

    code: str
    args: Mapping[str, str]
    """By name, written as they stand in the sentence; some are sentences themselves."""
    parts: tuple["Sentence", ...]

    @classmethod
    def of(cls, code: str, text: str, args: Mapping[str, str]) -> Self:
        """A sentence of one code."""
        said = cls(text)
        said.code, said.args, said.parts = code, args, ()
        return said

    @classmethod
    def joined(cls, parts: Iterable["Sentence"]) -> Self:
        """Several sentences in a row; an empty one when there is none."""
        several = tuple(whole for part in parts for whole in part.parts or ((part,) if part else ()))
        said = cls("; ".join(several))
        said.code, said.args, said.parts = "", {}, several
        return said

    def __reduce__(self) -> tuple[object, ...]:
        """Copies keep the code."""
        if self.parts or not self.code:
            return type(self).joined, (self.parts,)
        return type(self).of, (self.code, str(self), self.args)


NOTHING = Sentence.joined(())


def say(code: str, template: str, /, **values: object) -> Sentence:
    """The sentence of a template with values in its ``{places}``, which may have a format.

    >>> told = say("lies_inside", "{share:.1%} of it lies inside", share=0.98765)
    >>> told, told.code, told.args
    ('98.8% of it lies inside', 'lies_inside', {'share': '98.8%'})
    >>> Sentence.joined([told, say("no_name", "it has no name")])
    '98.8% of it lies inside; it has no name'
    """
    text: list[str] = []
    args: dict[str, str] = {}
    for literal, name, form, conversion in _FORMATTER.parse(template):
        text.append(literal)
        if name is not None:
            args[name] = _written(values[name], form or "", conversion)
            text.append(args[name])
    return Sentence.of(code, "".join(text), args)


def sentences_in(thing: object) -> Iterator[Sentence]:
    """Every sentence in a structure of dataclasses, mappings and sequences."""
    if isinstance(thing, Sentence):
        yield thing
    elif isinstance(thing, Mapping):
        for value in thing.values():
            yield from sentences_in(value)
    elif isinstance(thing, Sequence) and not isinstance(thing, str | bytes):
        for value in thing:
            yield from sentences_in(value)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from sentences_in(getattr(thing, each.name))


def _written(value: object, form: str, conversion: str | None) -> str:
    if isinstance(value, Sentence) and not form and not conversion:
        return value
    return format(_FORMATTER.convert_field(value, conversion), form)


def as_sentence(text: str) -> Sentence:
    """Words of another room, which may be a sentence already."""
    return text if isinstance(text, Sentence) else say("as_told", "{text}", text=text)
