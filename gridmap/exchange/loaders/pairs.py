"""Contact pairs from files: who looks after whom today, as another system or last year's sheet has it."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.contacts import loading
from gridmap.contacts.loading import PairState
from gridmap.db.versions import append_event
from gridmap.exchange.cells import count_of
from gridmap.exchange.codes import BadCode
from gridmap.exchange.loaders.context import OUTSIDE_SCOPE, Context
from gridmap.exchange.loaders.people import Read, id_of, read_rows, settle
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.sentences import say

_MOST_RANKS = 9
_SHOWN_OVERLOADED = 20


def load_pairs(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Sets who is first contact (rank 1, the default) or stands in (2 and above); other ranks of a household stay.

    The tier is computed from birthplace and village. Nobody is two contacts of one household.
    """
    loaded = Loaded()
    reader = _Pairs(session, records, context)
    rows = _without_doubles(loaded, read_rows(loaded, records, reader.read), reader)
    written = [row.state for row in rows if row.changes]
    if written:
        loading.write_pairs(session, context.actor.caller.name, written)
        ids = sorted({record_id for state in written for record_id in (state.household, state.officer)})
        audit.record(session, context.actor, "import pairs", ids)
        append_event(session, "pairs", {"action": "import", "file": context.file, "count": len(written)})
    settle(loaded, rows, lambda row: row.state.household)
    known = sum(not row.is_new for row in rows)
    loaded.table.append(
        Line(say("pairs_known", "pairs of this file's households and ranks"), f"{known:,}", f"{len(rows):,}")
    )
    over = loading.overloaded(session, {state.officer for state in written}) if written else []
    loaded.problems += [
        say(
            "more_than_capacity",
            "{officer} has {load} first contacts, more than his capacity of {most}",
            officer=officer,
            load=load,
            most=most,
        )
        for officer, load, most in over[:_SHOWN_OVERLOADED]
    ]
    if len(over) > _SHOWN_OVERLOADED:
        loaded.problems.append(
            say(
                "more_over_capacity",
                "… and {count} more officers have more than their capacity",
                count=len(over) - _SHOWN_OVERLOADED,
            )
        )
    return loaded


class _Pairs:
    """Rows read against households and officers."""

    def __init__(self, session: Session, records: Sequence[Record], context: Context) -> None:
        self._caller, self._file = context.actor.caller, context.file
        households = {found for record in records if (found := _quiet_id(record, "household", "H"))}
        officers = {found for record in records if (found := _quiet_id(record, "officer", "P"))}
        self._places = loading.places_of(session, households) if households else {}
        self._officers = loading.officers_by_id(session, officers) if officers else {}
        self.known = loading.pairs_of(session, households) if households else {}
        self._forbidden = loading.forbidden_to(session, households) if households else set()

    def read(self, record: Record) -> Read[PairState]:
        """What a row says. Raises BadCode."""
        household = id_of(record, "household", "H") or ""
        officer_id = id_of(record, "officer", "P") or ""
        place, officer = self._places.get(household), self._officers.get(officer_id)
        if place is not None and not self._caller.covers(place.grid_code or place.village_code):
            raise BadCode(OUTSIDE_SCOPE)
        if place is None:
            raise BadCode(say("no_household_now", "there is no household {household} now", household=household))
        if officer is None or officer.status != "current":
            raise BadCode(say("no_officer_in_office", "there is no officer {id} in office", id=officer_id))
        rank = _rank_of(record)
        known = self.known.get(household, {}).get(rank)
        reason = record.text("reason") or (known.reason if known and known.officer == officer_id else "")
        tier = loading.tier_of(officer.values["home_code"], place.village_code)
        state = PairState(household, rank, officer_id, tier, reason or f"as in {self._file}")
        changes = known is None or (known.officer, known.tier, known.reason) != (officer_id, tier, state.reason)
        if (known is None or known.officer != officer_id) and (household, officer_id) in self._forbidden:
            raise BadCode(say("why_forbidden", "this pair is forbidden; take the rule away first"))
        return Read(record, (household, rank), household, state, is_new=known is None, changes=changes)


def _rank_of(record: Record) -> int:
    """The rank that a row says, the first when it says none. Raises BadCode."""
    rank = count_of(record, "rank")
    if rank is None:
        return 1
    if not 1 <= rank <= _MOST_RANKS:
        raise BadCode(
            say(
                "rank_wrong",
                "rank {rank}: 1 is the first contact, up to {most} stand in",
                rank=rank,
                most=_MOST_RANKS,
            )
        )
    return rank


def _without_doubles(loaded: Loaded, rows: Sequence[Read[PairState]], reader: _Pairs) -> list[Read[PairState]]:
    """The rows after which nobody is two contacts of one household; the others are rejected."""
    after = {household: {r: p.officer for r, p in ranks.items()} for household, ranks in reader.known.items()}
    for row in rows:
        after.setdefault(row.state.household, {})[row.state.rank] = row.state.officer
    twice = {
        (household, officer)
        for household, ranks in after.items()
        for officer, times in Counter(ranks.values()).items()
        if times > 1
    }
    sound = []
    for row in rows:
        if (row.state.household, row.state.officer) in twice:
            loaded.reject(
                row.record,
                row.id,
                say("two_contacts", "{officer} would be two contacts of this household", officer=row.state.officer),
            )
        else:
            sound.append(row)
    return sound


def _quiet_id(record: Record, field: str, letter: str) -> str | None:
    try:
        return id_of(record, field, letter)
    except BadCode:
        return None
