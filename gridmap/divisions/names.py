"""Names of divisions as people say them."""

_ENDINGS = (
    ("村民委员会", "村"),
    ("社区居民委员会", "社区"),
    ("居民委员会", "社区"),
    ("村委员会", "村"),
    ("村委会", "村"),
    ("社区居委会", "社区"),
    ("居委会", "社区"),
)


def spoken_name(name_full: str) -> str:
    """A village's name without the words for its committee.

    >>> spoken_name("多坝村村民委员会"), spoken_name("教场村民委员会"), spoken_name("城东社区居民委员会")
    ('多坝村', '教场村', '城东社区')
    """
    for ending, kind in _ENDINGS:
        if name_full.endswith(ending) and len(name_full) > len(ending):
            stem = name_full.removesuffix(ending)
            return stem if stem.endswith(kind) else stem + kind
    return name_full
