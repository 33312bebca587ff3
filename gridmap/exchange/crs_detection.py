"""Which coordinate system numbers are in: from the numbers, from what is known of the ground, from what the file says.

The order of belief: the person, then the known outlines, then the numbers themselves, then the file. A .prj lies often,
an 8-digit easting never. What can't be told apart is refused with the candidates, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.degrees import may_be_packed, unpack
from gridmap.exchange.ground import Ground, Placed, moved
from gridmap.geo import datum, measure
from gridmap.geo.arrays import FloatArray
from gridmap.geo.crs import Crs, to_lonlat
from gridmap.sentences import Sentence, as_sentence, say

DEGREES, PREFIXED, PLAIN_METRES, UNKNOWN = "degrees", "prefixed", "metres", "unknown"
_CHINA_NORTHING = (300_000, 6_300_000)
# A reading is believed against the preferred one when it leaves a third of the misfit and wins half a percent of area.
_CLEARLY_BETTER, _CLEAR_GAIN = 3.0, 0.005
_ENOUGH_PACKED = 12
_HOPELESS = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read two numbers as a place."""

    crs: Crs
    swapped: bool = False
    packed: bool = False

    def __str__(self) -> str:
        return self.said

    @property
    def said(self) -> Sentence:
        """The system, and what is unusual about how it is written."""
        name = say("crs_packed", "{crs} in packed ddd.mmssss", crs=self.crs.name) if self.packed else self.crs.name
        return (
            say("crs_swapped", "{crs}, the axes swapped (north first)", crs=name) if self.swapped else as_sentence(name)
        )

    def lonlat(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Degrees of EPSG:4490, NaN where there are none."""
        x, y = (second, first) if self.swapped else (first, second)
        return to_lonlat(self.crs, unpack(x), unpack(y)) if self.packed else to_lonlat(self.crs, x, y)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading, why it is one, and the share of it that lies outside the known outlines (None: none is known)."""

    reading: Reading
    reason: Sentence
    misfit: float | None = None
    certain: bool = False
    """Whether the numbers or the file are enough, should nothing be known of the ground."""

    def __str__(self) -> str:
        return self.said

    @property
    def said(self) -> Sentence:
        """The reading, the reason, and how well it fits."""
        told = {"crs": self.reading.said, "reason": self.reason}
        if self.misfit is None:
            return say("candidate", "{crs} ({reason})", **told)
        template = "{crs} ({reason}; {share:.1%} of it lies outside the known outlines)"
        return say("candidate_fit", template, **told, share=self.misfit)


@dataclass(frozen=True, slots=True)
class CrsDecision:
    """How the numbers are read, every reason for it, and what else was weighed, best first."""

    reading: Reading
    reasons: tuple[Sentence, ...]
    candidates: tuple[Candidate, ...]
    warnings: tuple[Sentence, ...] = ()


def number_class(x: float, y: float) -> str:
    """Numbers of one class are read alike: `degrees`, `prefixed 34` (an easting with its zone), `metres`, `unknown`.

    Degrees whose second number can be no latitude are a class of their own: in a table some rows may be swapped.

    >>> number_class(103.5, 34.6), number_class(34638270.3, 3830095.6), number_class(3830095.6, 35363034.2)
    ('degrees', 'prefixed 34', 'prefixed 35')
    >>> number_class(34.6, 103.5)
    'degrees, north first'
    >>> number_class(638270.3, 3830095.6), number_class(5.0, 1e9)
    ('metres', 'unknown')
    """
    if abs(x) <= 180 and abs(y) <= 180:
        return DEGREES if abs(y) <= 90 else f"{DEGREES}, north first"
    zone = _zone(x, y) or _zone(y, x)
    if zone:
        return f"{PREFIXED} {zone}"
    return PLAIN_METRES if max(abs(x), abs(y)) < 2.1e7 else UNKNOWN


def detect(
    shapes: Sequence[Placed], *, ground: Ground, declared: str | None, asked: str | None = None, tabular: bool = False
) -> CrsDecision:
    """The reading of shapes whose numbers are of one class. `tabular`: they come from columns, not from a drawing.

    Raises InvalidInput listing the candidates when the numbers fit several systems and nothing tells them apart.
    """
    xy = np.concatenate([shape.coordinates for shape in shapes])
    x, y = xy[:, 0], xy[:, 1]
    if asked is not None:
        return _as_asked(asked, shapes, ground, x, y)
    said, complaint = _declared(declared)
    offered = _candidates(x, y, said, tabular=tabular)
    if not offered:
        message = say(
            "crs_unknown",
            "numbers such as {x:.10g}, {y:.10g} fit no coordinate system known here; say --crs",
            x=x[0],
            y=y[0],
        )
        raise InvalidInput(message, errors=[FieldError("crs", message, "unknown_crs")])
    weighed = [replace(c, misfit=ground.misfit(shapes, c.reading.lonlat)) for c in offered]
    chosen = _choose(weighed)
    return CrsDecision(
        chosen.reading,
        (chosen.reason, *_told_of_file(chosen, said, complaint), *_told_of_ground(chosen, weighed[0], xy)),
        tuple(sorted(weighed, key=lambda c: (c.misfit is None, c.misfit or 0.0))),
        tuple(_warnings(chosen, shapes, ground)),
    )


def _as_asked(asked: str, shapes: Sequence[Placed], ground: Ground, x: FloatArray, y: FloatArray) -> CrsDecision:
    """The person's word; only the order of axes is looked at, because no name of a system tells it."""
    packed = asked.strip().lower() == "dms"
    crs = Crs.parse("EPSG:4490" if packed else asked)
    ways = [Reading(crs, swapped=swapped, packed=packed) for swapped in (False, True)]
    good = [way for way in ways if np.isfinite(way.lonlat(x, y)[0]).mean() > 0.5 and _axes_plausible(way, x, y)]
    if not good:
        message = _not_in(asked, float(x[0]), float(y[0]))
        raise InvalidInput(
            say("crs_wrong", "crs: {message}", message=message), errors=[FieldError("crs", message, "wrong_crs")]
        )
    weighed = [Candidate(way, say("asked_for", "asked for"), ground.misfit(shapes, way.lonlat)) for way in good]
    chosen = _choose(weighed)
    extra = (say("axes_swapped", "the axes are swapped: north comes first"),) if chosen.reading.swapped else ()
    return CrsDecision(
        chosen.reading,
        (say("asked_for", "asked for"), *extra),
        tuple(weighed),
        tuple(_warnings(chosen, shapes, ground)),
    )


def _axes_plausible(way: Reading, x: FloatArray, y: FloatArray) -> bool:
    """In degrees both orders may be possible; then the one that is in China, if only one is, and else lon first."""
    if way.crs.projected or not way.swapped:
        return way.crs.projected or not (np.abs(y) > 90).any()
    return bool((np.abs(x) <= 90).all())


def _declared(text: str | None) -> tuple[Crs | None, Sentence | None]:
    """The system that the file names, or the sentence why its word is of no use."""
    if not text:
        return None, None
    try:
        found = pyproj.CRS.from_user_input(text)
    except CRSError:
        return None, say("file_crs_not_understood", "the file names a system that is not understood")
    code = found.to_epsg(min_confidence=25)
    if code is None and (found.to_authority(min_confidence=25) or ("", ""))[1] in {"CRS84", "CRS84h"}:
        code = 4326
    if code is None:
        return None, say(
            "file_crs_unregistered", "the file names {name}, which is no registered system", name=found.name
        )
    try:
        return Crs.parse(f"EPSG:{code}"), None
    except InvalidInput:
        return None, say(
            "file_crs_not_read",
            "the file names EPSG:{code} ({name}), which is not read here",
            code=code,
            name=found.name,
        )


def _zone(easting: float, northing: float) -> int | None:
    """The zone in front of an 8-digit easting beside a northing of China: 13–23 are of 6°, 25–45 of 3°."""
    zone, rest = divmod(easting, 1_000_000)
    inside = 100_000 <= rest <= 900_000 and _CHINA_NORTHING[0] <= northing <= _CHINA_NORTHING[1]
    return int(zone) if inside and (13 <= zone <= 23 or 25 <= zone <= 45) else None


def _not_in(asked: str, x: float, y: float) -> Sentence:
    """That numbers are in another system than asked for, with a word about the zone in front of an easting."""
    told = {"x": x, "y": y, "asked": asked}
    zone = _zone(x, y) or _zone(y, x)
    if zone is None:
        return say("not_in_crs", "numbers such as {x:.10g}, {y:.10g} are not in {asked}", **told)
    return say(
        "not_in_crs_zone",
        "numbers such as {x:.10g}, {y:.10g} are not in {asked}; the 8-digit easting begins with zone {zone}, "
        "which is EPSG:{code}",
        **told,
        zone=zone,
        code=_zone_code(zone),
    )


def _zone_code(zone: int) -> int:
    """The EPSG code of CGCS2000 Gauss-Krüger with this zone in front of its eastings."""
    return 4513 + zone - 25 if zone >= 25 else 4491 + zone - 13


def _candidates(x: FloatArray, y: FloatArray, said: Crs | None, *, tabular: bool) -> list[Candidate]:
    """Readings that the numbers allow, the preferred one first."""
    kind = number_class(float(np.median(x)), float(np.median(y)))
    if kind.startswith(DEGREES):
        return _degree_candidates(x, y, said, tabular=tabular)
    found: list[Candidate] = []
    swapped = bool(np.median(np.abs(y)) > np.median(np.abs(x))) if kind.startswith(PREFIXED) else _north_first(x, y)
    if said is not None and said.projected and _fits(Reading(said, swapped=swapped), x, y):
        found.append(
            Candidate(
                Reading(said, swapped=swapped),
                say("file_says_and_fits", "the file says so, and the numbers fit"),
                certain=True,
            )
        )
    if kind.startswith(PREFIXED):
        zone = int(kind.split()[1])
        code = _zone_code(zone)
        width = "3°" if zone >= 25 else "6°"
        found.append(
            _metric(
                code,
                say("prefix_zone", "the 8-digit easting begins with {zone}, a zone of {width}", zone=zone, width=width),
                swapped=swapped,
                certain=True,
            )
        )
    elif kind == PLAIN_METRES:
        found += [
            _metric(4534 + i, say("gauss_by", "3° Gauss-Krüger by {meridian}°E", meridian=75 + 3 * i), swapped=swapped)
            for i in range(21)
        ]
        found += [
            _metric(32643 + i, say("utm_zone", "UTM zone {zone}", zone=43 + i), swapped=swapped) for i in range(11)
        ]
    found.append(_metric(3857, say("web_mercator", "Web Mercator"), swapped=swapped))
    seen: dict[Reading, Candidate] = {}
    for candidate in found:
        if _fits(candidate.reading, x, y):
            seen.setdefault(candidate.reading, candidate)
    return list(seen.values())


def _metric(code: int, reason: Sentence, *, swapped: bool, certain: bool = False) -> Candidate:
    return Candidate(Reading(Crs.parse(f"EPSG:{code}"), swapped=swapped), reason, certain=certain)


def _north_first(x: FloatArray, y: FloatArray) -> bool:
    """Surveyors' X is the northing: seven digits before the six of an easting without zone."""
    return bool(np.median(np.abs(x)) >= 1_000_000 > np.median(np.abs(y)))


def _fits(reading: Reading, x: FloatArray, y: FloatArray) -> bool:
    """Whether nearly all numbers are places in the system, and not far from where it is used."""
    lon, lat = reading.lonlat(x, y)
    area = reading.crs.area_of_use
    near = (lon > area.west - 3) & (lon < area.east + 3) & (lat > area.south - 3) & (lat < area.north + 3)
    return bool(near.mean() > 0.9)


def _degree_candidates(x: FloatArray, y: FloatArray, said: Crs | None, *, tabular: bool) -> list[Candidate]:
    base = said if said is not None and not said.projected else Crs.parse("EPSG:4490")
    straight, crossed = bool((np.abs(y) <= 90).mean() > 0.9), bool((np.abs(x) <= 90).mean() > 0.9)
    china = [bool(datum.in_china(a, b).mean() > 0.9) for a, b in ((x, y), (y, x))]
    orders = [swapped for swapped, possible in ((False, straight), (True, crossed)) if possible]
    orders.sort(key=lambda swapped: (not china[swapped], swapped))
    word = (
        say("file_says", "the file says so")
        if base is said
        else say("numbers_degrees", "numbers up to 180 are degrees")
    )
    found: list[Candidate] = []
    if tabular and orders and may_be_packed(x) and may_be_packed(y):
        fine = np.unique(np.concatenate([x, y]))
        told = int((np.abs(fine * 100 - np.rint(fine * 100)) > 1e-7).sum())
        found += [
            Candidate(Reading(base, swapped=swapped, packed=True), say("no_sixty", "no minute or second reaches 60"))
            for swapped in orders
        ]
        # With few numbers decimal degrees look packed by chance: then only the ground may say so.
        decimal = [Candidate(Reading(base, swapped=swapped), word) for swapped in orders]
        return [*found, *decimal] if told >= _ENOUGH_PACKED else [*decimal, *found, *_offsets(orders)]
    found += [Candidate(Reading(base, swapped=swapped), word) for swapped in orders]
    return [*found, *_offsets(orders)]


def _offsets(orders: Sequence[bool]) -> list[Candidate]:
    return [
        Candidate(
            Reading(Crs.parse(name), swapped=swapped),
            say("web_maps", "Chinese web maps write it, and no file ever says so"),
        )
        for name in ("gcj02", "bd09")
        for swapped in orders
    ]


def _choose(weighed: Sequence[Candidate]) -> Candidate:
    """The preferred reading, unless the ground clearly speaks for another. Raises InvalidInput when nothing speaks."""
    first = weighed[0]
    fits = [(candidate.misfit, place) for place, candidate in enumerate(weighed) if candidate.misfit is not None]
    if fits:
        best = weighed[min(fits)[1]]
        least, preferred = best.misfit or 0.0, 1.0 if first.misfit is None else first.misfit
        if preferred - least > _CLEAR_GAIN and preferred > least * _CLEARLY_BETTER:
            return best
        if preferred < _HOPELESS:
            return first
    metres = [candidate for candidate in weighed if candidate.reading.crs.projected]
    if metres and not first.certain:
        listed = Sentence.joined(candidate.said for candidate in metres[:12])
        message = say(
            "crs_ambiguous",
            "the numbers fit several systems, and nothing known here speaks for one: {listed}. Say --crs.",
            listed=listed,
        )
        raise InvalidInput(message, errors=[FieldError("crs", message, "ambiguous_crs")])
    return first


def _told_of_file(chosen: Candidate, said: Crs | None, complaint: Sentence | None) -> list[Sentence]:
    reasons = [complaint] if complaint else []
    if said is not None and said != chosen.reading.crs:
        reasons.append(
            say("file_crs_contradicted", "the file says {name}, which its numbers contradict", name=said.name)
        )
    if chosen.reading.swapped:
        reasons.append(say("axes_swapped", "the axes are swapped: north comes first"))
    return reasons


def _told_of_ground(chosen: Candidate, preferred: Candidate, xy: FloatArray) -> list[Sentence]:
    reasons = []
    if chosen.misfit is not None and preferred.misfit is not None and chosen is not preferred:
        without = say(
            "would_lie_outside",
            "read as {crs} {share:.1%} of it would lie outside the known outlines",
            crs=preferred.reading.said,
            share=preferred.misfit,
        )
        reasons.append(say("so_this_much", "{without}, so {share:.1%}", without=without, share=chosen.misfit))
    elif chosen.misfit is not None:
        reasons.append(say("lies_inside", "{share:.1%} of it lies inside the known outlines", share=1 - chosen.misfit))
    if chosen.reading.crs.name in {"gcj02", "bd09"}:
        reasons.append(say("offset_there", "the offset there is {metres:.0f} m", metres=_offset_m(chosen.reading, xy)))
    return reasons


def _offset_m(reading: Reading, xy: FloatArray) -> float:
    lon, lat = reading.lonlat(xy[:, 0], xy[:, 1])
    shown = xy[:, ::-1] if reading.swapped else xy
    return float(np.nanmedian(measure.distance_m(shown[:, 0], shown[:, 1], lon, lat)))


def _warnings(chosen: Candidate, shapes: Sequence[Placed], ground: Ground) -> list[Sentence]:
    if chosen.misfit is None:
        return [
            say(
                "no_outline_known",
                "no outline of these codes is known yet, so an offset of GCJ-02 or BD-09 could not be ruled out",
            )
        ]
    if chosen.misfit >= _HOPELESS:
        return [
            say(
                "lies_outside",
                "{share:.0%} of it lies outside the outlines of its codes, whichever way it is read",
                share=chosen.misfit,
            )
        ]
    shift = ground.shift_m(shapes, chosen.reading.lonlat)
    return (
        [say("lies_beside", "it lies {metres:.0f} m beside the known outlines", metres=shift)]
        if shift is not None and shift > 30
        else []
    )


__all__ = ["Candidate", "CrsDecision", "Ground", "Placed", "Reading", "detect", "moved", "number_class"]
