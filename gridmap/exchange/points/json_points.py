"""Points in JSON: read whole, answered in two lists. For more than some hundred thousand CSV or Arrow are meant."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridmap.errors import FieldError, InvalidInput, TooLarge
from gridmap.exchange.points.counts import Counts
from gridmap.geo.arrays import FloatArray
from gridmap.geo.crs import Crs
from gridmap.snapshot.bulk import STATUSES, BulkLocator

LARGEST_BODY = 256 << 20


class JsonRequest(BaseModel):
    """Points in one system: lon, lat in degrees, or easting, northing in metres. What is no pair of numbers is allowed
    and answered as `invalid`."""

    model_config = ConfigDict(extra="forbid")

    crs: Annotated[str | None, Field(description="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = None
    points: Annotated[list[Any], Field(description="[[lon, lat], …]")]


class JsonPoints:
    """Locates the points of one JSON text, fed to it in pieces of any size. Its `crs` counts before the locator's."""

    content_type = "application/json"

    def __init__(self, locator: BulkLocator) -> None:
        self.counts = Counts()
        self._locator = locator
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes, *, last: bool = False) -> list[bytes | memoryview]:
        """Nothing, and with `last` the answer. Raises InvalidInput for another JSON, TooLarge for too much of it."""
        self._size += len(data)
        if self._size > LARGEST_BODY:
            raise TooLarge(f"JSON of more than {LARGEST_BODY >> 20} MiB is not taken; send CSV or Arrow")
        self._parts.append(data)
        return [self._answer()] if last else []

    def _answer(self) -> bytes:
        asked = _parsed(b"".join(self._parts))
        self._parts.clear()
        locator = self._locator if asked.crs is None else self._locator.in_crs(Crs.parse(asked.crs))
        answers = locator.locate(*_as_arrays(asked.points))
        self.counts.add(answers.status)
        codes = locator.codes
        told: dict[str, object] = {
            "version": locator.version,
            "codes": codes.take(pa.array(answers.position, mask=answers.position < 0)).to_pylist(),
            "status": [STATUSES[at] for at in answers.status.tolist()],
        }
        if answers.start is not None and answers.all_codes is not None:
            found = codes.take(answers.all_codes).to_pylist()
            bounds = zip(answers.start[:-1].tolist(), answers.start[1:].tolist(), strict=True)
            told["grid_codes"] = [found[first:last] for first, last in bounds]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _parsed(body: bytes) -> JsonRequest:
    try:
        return JsonRequest.model_validate_json(body)
    except ValidationError as error:
        problems = [
            FieldError(".".join(map(str, found["loc"])) or "body", found["msg"], found["type"])
            for found in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise InvalidInput("; ".join(f"{p.where}: {p.message}" for p in problems), errors=problems) from None


def _as_arrays(points: Sequence[Any]) -> tuple[FloatArray, FloatArray]:
    """Both numbers of each point, NaN for what is no pair of numbers.

    >>> _as_arrays([[1, 2.5], ["1", 2], [None, 3], [1, 2, 3], 7])[0].tolist()
    [1.0, nan, nan, nan, nan]
    """
    regular = all(type(point) is list and len(point) == 2 for point in points)
    if regular and set(map(type, chain.from_iterable(points))) <= {int, float}:
        pairs = points
    else:
        pairs = [_pair(point) for point in points]
    numbers = np.fromiter(map(_as_float, chain.from_iterable(pairs)), np.float64, 2 * len(pairs))
    return numbers[::2].copy(), numbers[1::2].copy()


def _pair(point: Any) -> tuple[float, float]:
    if isinstance(point, list) and len(point) == 2 and all(type(number) in {int, float} for number in point):
        return point[0], point[1]
    return np.nan, np.nan


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return np.nan
