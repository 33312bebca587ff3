"""Runs the comparisons that are asked for and puts each topic's tables in its place on the page."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gridmap.bench import addresses, bulk, bulk_http, locate, pairs, scale
from gridmap.bench.ground import Ground, Say, bench_ground
from gridmap.bench.report import Table, write_section
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.points.warm import compile_once

Topic = Callable[[Ground], Sequence[Table]]

TOPICS: dict[str, Topic] = {
    "locate": locate.measure,
    "bulk": bulk.measure,
    "bulk-http": bulk_http.measure,
    "scale": scale.measure,
    "pairs": pairs.measure,
    "addresses-county": addresses.measure_county,
    "addresses-million": addresses.measure_million,
}
"""In the order in which they are measured. A topic is a module here whose `measure` returns its tables."""

GROUPS = {"addresses": ("addresses-county", "addresses-million")}
"""Several topics by one name."""

PAGES = {"scale": "scale.md"}
"""Topics whose tables stand on a page of their own, beside the page of all others."""


def run(page: Path, say: Say, only: Sequence[str] = ()) -> None:
    """Measures the topics, or only some, and writes their sections of `page` as each is done; others stay as they were.

    Everything is made in a folder of its own; nothing of the installation is touched. Raises InvalidInput for a topic
    that is not there.
    """
    wanted = _wanted(only)
    # A compiler at work beside a server that is measured would be measured too.
    compile_once()
    with bench_ground(say) as ground:
        for name, measure in TOPICS.items():
            if name in wanted:
                say(f"measuring {name}")
                write_section(page.with_name(PAGES.get(name, page.name)), name, measure(ground), ground.versions())


def _wanted(topics: Sequence[str]) -> frozenset[str]:
    unknown = sorted(set(topics).difference(TOPICS, GROUPS))
    if unknown:
        message = f"there is no {', '.join(unknown)}; there are {', '.join([*TOPICS, *GROUPS])}"
        raise InvalidInput(f"--only: {message}", errors=[FieldError("--only", message)])
    return frozenset(name for topic in topics or TOPICS for name in GROUPS.get(topic, (topic,)))
