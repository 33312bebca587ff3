"""The divisions and the forms of their names as numbers, for the loops over what a text may mean."""

from collections.abc import Iterator

import numpy as np

from gridmap.addresses.gazetteer import Form, Gazetteer, Meaning
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.names import Names
from gridmap.addresses.search.weighing import LEVELS

FORM: dict[Form, float] = {"name": 1.0, "old_name": 1.0, "suffix_changed": 0.99, "abbreviated": 0.985}
"""How sure a division is that was called so."""
_COMMITTEES = ("村民委员会", "居民委员会")


class Divisions:
    """Each division by its number, and what each name means. Made once and only read."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.known = tuple(gazetteer.known.values())
        self.at = {known.place.code: at for at, known in enumerate(self.known)}
        self.levels = np.array([LEVELS.index(known.place.level) for known in self.known], np.int32)
        chains = [[self.at[place.code] for place in reversed(known.chain[:-1])] for known in self.known]
        self.above = np.full((len(chains), max(map(len, chains), default=0)), -1, np.int32)
        """Of each division those above it, the next first."""
        for at, chain in enumerate(chains):
            self.above[at, : len(chain)] = chain
        self.names: Names[tuple[Meaning, ...]] = Names(_forms(gazetteer))
        self.last_signs = np.array([ord(name[-1]) for name, _ in self.names.meant], np.int32)
        meant = [meaning for _, meanings in self.names.meant for meaning in meanings]
        self.starts = np.cumsum([0, *(len(meanings) for _, meanings in self.names.meant)], dtype=np.int32)
        """Where in the next three the meanings of each name begin."""
        self.meant = np.array([self.at[meaning.known.place.code] for meaning in meant], np.int32)
        self.factors = np.array([FORM[meaning.form] for meaning in meant])
        self.wholes = np.array([meaning.form != "abbreviated" for meaning in meant], np.bool_)

    def __len__(self) -> int:
        return len(self.known)


def _forms(gazetteer: Gazetteer) -> Iterator[tuple[str, tuple[Meaning, ...]]]:
    """The parser's forms that differ in more than the word at the end, which is read by itself behind a name; and the
    bare names that the parser can't take for fear of a street: 麻路 for 麻路村."""
    forms = dict(gazetteer.forms())
    for form, meanings in forms.items():
        own = tuple(meaning for meaning in meanings if not _is_longer(form, meaning))
        if own:
            yield form, own
    bare: dict[str, tuple[Meaning, ...]] = {}
    for known in gazetteer.known.values():
        key = compare_key(normalise(known.place.name))
        stem = key.removesuffix("村").removesuffix("社区")
        if known.place.level == "village" and len(stem) >= 2 and stem not in forms:
            bare[stem] = (*bare.get(stem, ()), Meaning(known, "abbreviated", 2))
    yield from bare.items()


def _is_longer(form: str, meaning: Meaning) -> bool:
    """Whether a form of a village's name is another with another word behind it: 多坝社区, 多坝村民委员会."""
    if meaning.known.place.level != "village":
        return False
    return meaning.form == "suffix_changed" or (meaning.form == "name" and form.endswith(_COMMITTEES))
