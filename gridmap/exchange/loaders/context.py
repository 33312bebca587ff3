"""What every loader is given, and what several of them do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.db.versions import append_event, raise_version
from gridmap.exchange.address_rows import AddressReader, ReadRow
from gridmap.exchange.codes import BadCode
from gridmap.exchange.records import Record
from gridmap.exchange.repair import Noding
from gridmap.exchange.report import Loaded
from gridmap.grids.writing import LONGEST
from gridmap.sentences import Sentence, say


@dataclass(frozen=True, slots=True)
class Context:
    """Who imports what: the file as it is called, and what only layers need."""

    actor: Actor
    file: str
    layer_name: str = ""
    title: str | None = None
    public: bool = False
    allow_defects: bool = False
    reader: AddressReader | None = None
    """What reads addresses in words, for the kinds that have any."""
    dry_run: bool = False
    noding: Noding | None = None

    @property
    def summary(self) -> str:
        """How a version or changeset that the file makes is called: kept text, in the language of those who read it."""
        return f"导入 {self.file}"

    def may_enter(self, code: str) -> bool:
        """Whether the importer's scope covers a division, grid or group."""
        return self.actor.caller.covers(code)

    def named(self, changeset: int) -> Sentence:
        """How a changeset is called; after a dry run there is none, and its number would be another one's."""
        return (
            say("the_changeset", "the changeset") if self.dry_run else say("changeset", "changeset {id}", id=changeset)
        )

    def read(self, record: Record) -> ReadRow:
        """The address that a row names."""
        if self.reader is None:
            raise RuntimeError("an import of addresses needs what reads them")
        return self.reader.read(record)

    def counties(self) -> list[str]:
        """All counties in whose registers a row's door may be: a point can lie in another one than its text says."""
        return [] if self.reader is None else self.reader.counties()


NEW, ADDED, CHANGED = say("new", "new"), say("added", "added"), say("changed", "changed")
OUTSIDE_SCOPE = say("outside_scope", "it lies outside the scope that was granted to you")


def publish(session: Session, context: Context, kind: str, codes: Sequence[str]) -> int:
    """Opens the dataset version that an import makes true, and tells of it."""
    version = raise_version(session, context.actor.caller.name, context.summary)
    counties = {code[:6] for code in codes if len(code) >= 6}
    append_event(
        session,
        "published",
        {"import": kind, "file": context.file, "codes": list(codes)},
        county_code=counties.pop() if len(counties) == 1 else None,
        version=version,
    )
    return version


def name_refusal(record: Record) -> Sentence | None:
    """Why a row's name can't be taken: it has none, or one that nobody would say."""
    name = record.line("name")
    if name is None:
        return say("no_name", "it has no name")
    if len(name) > LONGEST["name"]:
        return say("name_too_long", "its name has more than {most} characters", most=LONGEST["name"])
    return None if name.isprintable() else say("name_unprintable", "its name has characters that can't be printed")


def with_codes(
    loaded: Loaded, records: Sequence[Record], code_of: Callable[[Record], str], context: Context
) -> list[tuple[str, Record]]:
    """The sound records with their codes; the others, those whose code comes twice or is out of scope, are rejected.

    Of repeated rows that say the same the first is taken; when they differ none is: nobody knows which one is right.
    """
    coded: dict[str, list[Record]] = {}
    for record in records:
        try:
            code = code_of(record)
        except BadCode as error:
            loaded.reject(record, None, error.said)
            continue
        coded.setdefault(code, []).append(record)
    unique = []
    for code, same in coded.items():
        first, *others = same
        if not context.may_enter(code):
            for record in same:
                loaded.reject(record, code, OUTSIDE_SCOPE)
            continue
        if any(_differ(first, other) for other in others):
            rows = _row_names(same)
            for record in same:
                loaded.reject(
                    record,
                    code,
                    say(
                        "code_several_times",
                        "the code comes {count} times (rows {rows}), and the rows differ",
                        count=len(same),
                        rows=rows,
                    ),
                )
            continue
        for record in others:
            loaded.reject(record, code, say("repeats_row", "repeats row {row}", row=first.row))
        if first.problem is not None:
            loaded.reject(first, code, first.problem)
        else:
            unique.append((code, first))
    return unique


def _row_names(records: Sequence[Record]) -> str:
    """The numbers of rows, each with its sheet or layer when they are of several."""
    if len({record.table for record in records}) == 1:
        return ", ".join(str(record.row) for record in records)
    return ", ".join(f"{record.table.rpartition(':')[2]} {record.row}" for record in records)


def _differ(one: Record, other: Record) -> bool:
    if one.problem != other.problem or dict(one.fields) != dict(other.fields):
        return True
    if one.geometry is None or other.geometry is None:
        return one.geometry is not other.geometry
    return not one.geometry.equals_exact(other.geometry, 0.0)
