"""Other names of places from files: former and popular names, and Tibetan ones."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gridmap.addresses import place_names
from gridmap.addresses.place_names import KINDS, PlaceName
from gridmap.divisions import service as divisions
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.loaders.context import OUTSIDE_SCOPE, Context, publish
from gridmap.exchange.loaders.people import Read, of_fields, read_rows, settle
from gridmap.exchange.records import Record
from gridmap.exchange.report import Loaded
from gridmap.sentences import say

_KINDS = {"旧名": "old", "曾用名": "old", "原名": "old", "俗名": "popular", "俗称": "popular", "别名": "popular",
          "藏文": "tibetan", "藏语": "tibetan", "藏文名": "tibetan"}  # fmt: skip


def load_names(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters other names of divisions and hamlets; those that are there stay, and none is taken away."""
    loaded = Loaded()
    codes = sorted({code for record in records if (code := code_text(record.fields.get("code")))})
    known = divisions.by_codes(session, codes)
    there = place_names.names_of(session, codes)

    def read(record: Record) -> Read[PlaceName]:
        name = _name(record)
        if name.code not in known:
            raise BadCode(say("no_division", "there is no division {code}; import divisions first", code=name.code))
        if not context.may_enter(name.code):
            raise BadCode(OUTSIDE_SCOPE)
        if error := place_names.refusal(name, known=place_names.has_hamlet(session, name.code, name.hamlet)):
            raise BadCode(of_fields([error]))
        key = (name.code, name.hamlet, name.text)
        return Read(record, key, name.code, name, is_new=key not in there, changes=there.get(key) != name.kind)

    rows = read_rows(loaded, records, read)
    written = [row.state for row in rows if row.changes]
    if written:
        loaded.version = publish(session, context, "names", sorted({name.code for name in written}))
        place_names.enter_names(session, written)
    settle(loaded, rows, lambda row: row.state.code)
    return loaded


def _name(record: Record) -> PlaceName:
    code = code_text(record.fields.get("code")) or ""
    kind = record.text("kind") or "popular"
    told = _KINDS.get(kind, kind)
    if told not in KINDS:
        raise BadCode(
            say(
                "name_kind_unknown",
                "kind {kind!r}: {known} is wanted",
                kind=kind[:20],
                known=", ".join([*KINDS, *_KINDS]),
            )
        )
    return PlaceName(code, record.text("text") or "", told, record.text("hamlet") or "")
