"""What GEOS finds wrong with a ring, which it says in English words only: each with a code and in Chinese."""

import re

from gridmap.sentences import Sentence, as_sentence, say

_WITH_PLACE = re.compile(r"(?P<words>[^\[]+)\[(?P<place>[^\]]*)\]")
CHINESE = {
    "Self-intersection": "边界线自相交",
    "Ring Self-intersection": "边界环与自身相接",
    "Too few points in geometry component": "节点太少",
    "Duplicate Rings": "有重复的环",
    "Nested shells": "外环相套",
    "Holes are nested": "洞相套",
    "Hole lies outside shell": "洞在外环之外",
    "Interior is disconnected": "内部被分割",
}
"""By the words of GEOS."""


def ring_fault(reason: str) -> Sentence:
    """The sentence for a reason such as `Self-intersection[103.5 34.5]`; its English is that of GEOS.

    >>> told = ring_fault("Self-intersection[103.5 34.5]")
    >>> told, told.code, told.args["place"]
    ('Self-intersection[103.5 34.5]', 'ring_fault', '103.5 34.5')
    """
    found = _WITH_PLACE.fullmatch(reason)
    if found is None:
        return _fault(reason)
    return say("ring_fault", "{fault}[{place}]", fault=_fault(found["words"]), place=found["place"])


def _fault(words: str) -> Sentence:
    sentences = (
        say("ring_crosses", "Self-intersection"),
        say("ring_touches", "Ring Self-intersection"),
        say("ring_few_points", "Too few points in geometry component"),
        say("ring_duplicate", "Duplicate Rings"),
        say("ring_nested_shells", "Nested shells"),
        say("ring_nested_holes", "Holes are nested"),
        say("ring_hole_outside", "Hole lies outside shell"),
        say("ring_disconnected", "Interior is disconnected"),
    )
    return next((said for said in sentences if said == words), as_sentence(words))
