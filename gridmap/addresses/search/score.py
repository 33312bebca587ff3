"""A score of named parts that can explain itself."""

from typing import NamedTuple


class Parts(NamedTuple):
    """How well an answer fits a text, in parts from 0 to 1; the score is their product.

    `village`: how like the name of the smallest division is. `upper`: whether those above it agree. `door`: how much
    of what is asked below the village the answer has. `rest`: how much of the text was understood. `sure`: how far
    it is ahead of others that fit as well. `near`: how near it is to the place that was given with the text.
    """

    village: float = 1.0
    upper: float = 1.0
    door: float = 1.0
    rest: float = 1.0
    sure: float = 1.0
    near: float = 1.0

    @property
    def fit(self) -> float:
        """The product without what others have to do with it."""
        return self.village * self.upper * self.door * self.rest

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return self.fit * self.sure * self.near

    def told(self) -> dict[str, float]:
        """By name, rounded; the product of the unrounded ones is the score."""
        return {name: round(getattr(self, name), 4) for name in self._fields}
