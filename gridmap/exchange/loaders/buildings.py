"""Buildings from files: known by their id, else by the address they stand at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from gridmap.addresses import loading
from gridmap.addresses.model import Address
from gridmap.exchange.codes import BadCode
from gridmap.exchange.loaders.context import CHANGED, NEW, OUTSIDE_SCOPE, Context
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.households import buildings
from gridmap.households.buildings import BuildingRecord, BuildingState
from gridmap.households.model import BUILDING_KINDS
from gridmap.sentences import Sentence, say

_WORDS = {
    "house": ("住宅", "民房", "住房", "自建房", "平房", "民居", "农房"),
    "apartments": ("楼房", "公寓", "居民楼", "单元楼", "住宅楼", "商品房"),
    "school": ("学校", "小学", "中学", "幼儿园", "教学楼"),
    "care_home": ("养老院", "敬老院", "福利院", "幸福院"),
    "monastery": ("寺院", "寺庙", "宗教场所", "庙"),
    "public": ("公共建筑", "公共", "机关", "村委会", "办公", "卫生院", "卫生室", "医院"),
    "commercial": ("商业", "厂房", "仓库", "宾馆", "酒店", "企业"),
    "store": ("商铺", "店铺", "门市", "门面", "超市", "小卖部"),
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in (kind, *words)}


@dataclass(frozen=True, slots=True)
class _Row:
    """A sound row: what it says, the address it names, the id it gives, and the fields that were given."""

    record: Record
    id: str | None
    address_code: str
    given: Mapping[str, str | int]


def load_buildings(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters buildings and corrects known ones; an empty cell takes nothing away."""
    loaded = Loaded()
    rows = _sound(session, loaded, records, context)
    ids = [row.id for row in rows if row.id]
    by_id = buildings.by_ids(session, ids)
    there = {b.address_code: b for b in buildings.at_addresses(session, [row.address_code for row in rows])}
    seen: dict[str, int] = {}
    new: list[tuple[_Row, BuildingState]] = []
    changed: list[tuple[_Row, str, BuildingState]] = []
    for row in rows:
        known = by_id.get(row.id or "") if row.id else there.get(row.address_code)
        refusal = _refusal(row, known, there.get(row.address_code), seen.get(row.address_code))
        if known is not None and not context.may_enter(known.grid_code or known.village_code):
            refusal = OUTSIDE_SCOPE
        if refusal is not None:
            loaded.reject(row.record, row.id, refusal)
            continue
        seen[row.address_code] = row.record.row
        state = _over(row, known)
        if known is None:
            new.append((row, state))
        elif state == _state_of(known):
            loaded.keep(row.record, known.id)
        else:
            changed.append((row, known.id, state))
    entered = buildings.enter_all(session, context.actor, [state for _, state in new])
    buildings.correct_all(session, context.actor, {building_id: state for _, building_id, state in changed})
    for (row, _), building_id in zip(new, entered, strict=True):
        loaded.load(row.record, building_id, NEW)
    for row, building_id, _ in changed:
        loaded.load(row.record, building_id, CHANGED)
    loaded.table.append(
        Line(say("buildings_there", "buildings at these addresses"), str(len(there)), str(len(there) + len(new)))
    )
    return loaded


def _sound(session: Session, loaded: Loaded, records: Sequence[Record], context: Context) -> list[_Row]:
    asked = [record.text("address") for record in records]
    by_code = loading.known_by_code(session, [code for code in asked if code])
    labels = [context.read(record).label for record in records if not record.text("address")]
    by_label = loading.known_by_label(session, context.counties(), labels)
    rows = []
    for record in records:
        try:
            address = _address(record, context, by_code, by_label)
            rows.append(_Row(record, record.text("id"), address, _given(record)))
        except BadCode as error:
            loaded.reject(record, record.text("id"), error.said)
    return rows


def _entered(row: Address, context: Context) -> str:
    if not context.may_enter(row.grid_code or row.village_code):
        raise BadCode(OUTSIDE_SCOPE)
    return row.merged_into or row.code


def _address(record: Record, context: Context, by_code: Mapping[str, Address], by_label: Mapping[str, Address]) -> str:
    if record.problem is not None:
        raise BadCode(record.problem)
    code = record.text("address")
    if code is not None:
        row = by_code.get(code)
        if row is None:
            raise BadCode(say("address_unknown", "there is no address {code}", code=code[:20]))
        if row.status == "cancelled":
            raise BadCode(say("address_cancelled", "the address {code} was cancelled", code=code))
        return _entered(row, context)
    read = context.read(record)
    if read.refusal is not None:
        raise BadCode(read.refusal)
    found = by_label.get(read.label)
    if found is None:
        raise BadCode(
            say("no_address_import_first", "there is no address {label}; import addresses first", label=read.label)
        )
    return _entered(found, context)


def _given(record: Record) -> dict[str, str | int]:
    given: dict[str, str | int] = {}
    if (kind := record.text("kind")) is not None:
        if kind not in _KIND_OF:
            raise BadCode(
                say("kind_is_none", "kind {kind!r} is none of {kinds}", kind=kind[:20], kinds=", ".join(BUILDING_KINDS))
            )
        given["kind"] = _KIND_OF[kind]
    if (name := record.text("name")) is not None:
        given["name"] = name[: buildings.LONGEST_NAME + 1]
    if (floors := record.text("floors")) is not None:
        digits = floors.removesuffix("层")
        if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= buildings.MOST_FLOORS):
            raise BadCode(say("no_floors", "{floors!r} is no number of floors", floors=floors[:20]))
        given["floors"] = int(digits)
    if len(str(given.get("name", ""))) > buildings.LONGEST_NAME:
        raise BadCode(say("name_too_long", "its name has more than {most} characters", most=buildings.LONGEST_NAME))
    return given


def _refusal(
    row: _Row, known: BuildingRecord | None, there: BuildingRecord | None, before: int | None
) -> Sentence | None:
    if before is not None:
        return say(
            "building_same_address", "row {row} has the same address; an address has at most one building", row=before
        )
    if row.id is not None and known is None:
        return say("no_building", "there is no building {id}; leave the id empty for a new one", id=row.id[:20])
    if known is not None and known.status != "current":
        return say("building_closed", "{id} is closed; leave the id empty for a new one", id=known.id)
    if known is not None and there is not None and there.id != known.id:
        return say("building_stands", "{id} stands at {address} already", id=there.id, address=row.address_code)
    if known is not None and known.id[1:7] != row.address_code[1:7]:
        return say("address_other_county", "{address} belongs to another county", address=row.address_code)
    return None


def _over(row: _Row, known: BuildingRecord | None) -> BuildingState:
    base = BuildingState(row.address_code) if known is None else _state_of(known)
    return replace(base, address_code=row.address_code, **row.given)  # type: ignore[arg-type]


def _state_of(record: BuildingRecord) -> BuildingState:
    return BuildingState(record.address_code, record.kind, record.name, record.floors)
