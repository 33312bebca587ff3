"""The seed's random streams, and shares that add up."""

import numpy as np
import numpy.typing as npt

from gridmap.geo.arrays import FloatArray, IntArray

Objects = npt.NDArray[np.object_]

SEED = 6230


def stream(seed: int, *purpose: int) -> np.random.Generator:
    """A random stream of its own for each purpose, so that what one part draws never shifts another's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=purpose)))


def shares(total: int, weights: FloatArray, *, least: int = 0) -> IntArray:
    """Whole numbers in proportion to `weights` that add up to `total`, none below `least` (largest remainders).

    >>> shares(10, np.array([1.0, 1.0, 2.0])).tolist()
    [3, 2, 5]
    """
    if len(weights) == 0:
        return np.zeros(0, dtype=np.int64)
    free = total - least * len(weights)
    if free < 0:
        raise ValueError(f"{total} can't give {len(weights)} shares at least {least} each")
    exact = weights / weights.sum() * free
    whole = np.floor(exact).astype(np.int64)
    # Stable sort: equal remainders go to the earlier one, whatever the machine.
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: free - int(whole.sum())]] += 1
    given: IntArray = whole + least
    return given


def spread(total: int, owners: IntArray, weights: FloatArray, quotas: IntArray, *, least: int = 0) -> IntArray:
    """Shares of each owner's quota among the items it owns; `owners[i]` is the owner of item i, ascending."""
    given = np.zeros(len(owners), dtype=np.int64)
    starts = np.searchsorted(owners, np.arange(len(quotas) + 1))
    for owner, quota in enumerate(quotas.tolist()):
        part = slice(int(starts[owner]), int(starts[owner + 1]))
        given[part] = shares(quota, weights[part], least=least)
    if int(given.sum()) != total:
        raise ValueError("an owner with a quota owns nothing")
    return given
