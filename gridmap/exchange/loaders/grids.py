"""Grids from files: published where a village has none, drafted as a changeset everywhere else."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from sqlalchemy.orm import Session

from gridmap.editing.ground import load_ground
from gridmap.editing.plan import plan
from gridmap.editing.problems import errors_among
from gridmap.editing.proposal import ProposedGrid
from gridmap.editing.record import HasErrors
from gridmap.editing.refining import refine
from gridmap.editing.review import first_load
from gridmap.editing.service import get_report, list_changesets, list_content, open_changeset, propose
from gridmap.exchange.loaders.context import ADDED, CHANGED, NEW, Context
from gridmap.exchange.loaders.grid_plan import GridImportPlan, GridState, VillagePlan, plan_grids
from gridmap.exchange.loaders.noding import propose as propose_noding
from gridmap.exchange.records import Record
from gridmap.exchange.repair import Noding
from gridmap.exchange.report import Line, Loaded
from gridmap.geo.arrays import Polygonal
from gridmap.geo.measure import area_m2
from gridmap.grids import service as grids
from gridmap.sentences import Sentence, say

_DONE = {
    "added": ADDED,
    "changed": CHANGED,
    "unchanged": say("unchanged", "unchanged"),
    "retired": say("retired", "retired"),
    "kept": say("kept", "kept"),
}
_OPEN = ("draft", "submitted")


def load_grids(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Publishes the grids of villages that never had any; what concerns others becomes one changeset a county.

    Grids of an empty village that don't tile it are not published either, and nothing is cleaned: they become a draft
    whose problems are told one by one.
    """
    loaded = Loaded()
    found = plan_grids(session, records, loaded, context)
    _repair(session, found, context, loaded)
    for _, group in groupby(sorted(found.villages), key=lambda village: village[:6]):
        _load_county(session, [found.villages[village] for village in group], found.records, context, loaded)
    _tell(loaded, list(found.villages.values()))
    return loaded


def _repair(session: Session, found: GridImportPlan, context: Context, loaded: Loaded) -> None:
    """Offers a repair where the new state does not tile, and takes it when that was accepted; a dry run only offers."""
    asked = context.noding or Noding()
    if not (asked.accepted or context.dry_run):
        return
    changing = {village: each for village, each in found.villages.items() if each.is_change}
    for _, group in groupby(sorted(changing), key=lambda village: village[:6]):
        shapes = {
            village: {code: state.geometry for code, state in changing[village].state.items()} for village in group
        }
        for proposal in propose_noding(session, shapes, asked):
            loaded.repairs.append(proposal.repair)
            if proposal.repair.accepted:
                if proposal.repair.tiles:
                    # Only for grids that will be true: what stays a draft gives nobody vertices.
                    title = f"{context.summary}：相邻边界同步加节点"
                    loaded.version = refine(session, context.actor, title, proposal.refinement) or loaded.version
                _redraw(found, proposal.repair.villages, proposal.shapes)


def _redraw(found: GridImportPlan, villages: Sequence[str], repaired: Mapping[str, Polygonal]) -> None:
    for village in villages:
        plan = found.villages[village]
        for code in plan.state.keys() & repaired.keys() & found.records.keys():
            if repaired[code] is not plan.state[code].geometry:
                found.records[code].geometry = repaired[code]
                found.records[code].notes.append(say("noded", "its border was noded with its neighbours', as accepted"))
        plan.redraw(repaired)


def _load_county(
    session: Session, plans: Sequence[VillagePlan], records: Mapping[str, Record], context: Context, loaded: Loaded
) -> None:
    used = {code[:12] for code in grids.codes_ever_used(session, [each.village for each in plans])}
    fresh = [each for each in plans if each.village not in used]
    refused = _publish_first(session, fresh, records, context, loaded)
    drafted = [each for each in plans if each.is_change and (each in refused or each.village in used)]
    for each in plans:
        for code in each.unchanged:
            loaded.keep(records[code], code)
    if drafted:
        _draft(session, drafted, records, context, loaded)


def _publish_first(
    session: Session, fresh: Sequence[VillagePlan], records: Mapping[str, Record], context: Context, loaded: Loaded
) -> list[VillagePlan]:
    """Publishes what tiles its villages; returns the villages that don't."""
    sound, refused = list(fresh), []
    while sound:
        try:
            # A refusal must leave nothing behind, and the other villages go on.
            with session.begin_nested():
                content = [_proposed(state) for each in sound for state in each.state.values()]
                loaded.version = first_load(session, context.actor, context.summary, content, trial=context.dry_run)
        except HasErrors as error:
            guilty = _guilty(session, sound, error)
            refused += guilty
            sound = [each for each in sound if each not in guilty]
            continue
        for each in sound:
            for code in each.added:
                loaded.load(records[code], code, NEW)
        break
    return refused


def _guilty(session: Session, plans: Sequence[VillagePlan], error: HasErrors) -> list[VillagePlan]:
    """The villages that are wrong by themselves; a neighbour of a gap is not. When none is, those that were named."""
    named = {code.strip()[:12] for problem in error.errors for code in problem.where.split(",")}
    suspects = [each for each in plans if each.village in named] or list(plans)
    guilty = []
    for suspect in suspects:
        content = [_proposed(state) for state in suspect.state.values()]
        if errors_among(plan(load_ground(session, [suspect.village], content), content).problems):
            guilty.append(suspect)
    return guilty or suspects


def _draft(
    session: Session, plans: Sequence[VillagePlan], records: Mapping[str, Record], context: Context, loaded: Loaded
) -> None:
    content = [_proposed(state) for each in plans for state in each.state.values()]
    villages = [each.village for each in plans]
    there = _same_draft(session, villages, content, context)
    if there is None:
        changeset = open_changeset(session, context.actor, villages, context.summary, trial=context.dry_run)
        propose(session, context.actor, changeset, content)
        loaded.changesets.append(changeset)
    else:
        changeset = there
    name = context.named(changeset) if there is None else say("changeset", "changeset {id}", id=there)
    rejected = {fate.code for fate in loaded.fates if fate.status == "rejected"}
    for each in plans:
        for codes, what in ((each.added, ADDED), (each.changed, CHANGED)):
            for code in codes:
                if there is None:
                    loaded.load(records[code], code, say("done_in", "{what} in {changeset}", what=what, changeset=name))
                else:
                    records[code].notes.append(
                        say("waits_in", "{what} in {changeset}, which waits for publishing", what=what, changeset=name)
                    )
                    loaded.keep(records[code], code)
        loaded.problems += [
            say("retired_by", "{code} is not in the file; {changeset} retires it", code=code, changeset=name)
            for code in each.retired
        ]
        loaded.problems += [_why_kept(code, rejected) for code in each.kept]
        loaded.problems += [
            say("adjusted_not_in_file", "{code} is not in the file; the repair moves its border", code=code)
            for code in each.adjusted
        ]
    loaded.findings += get_report(session, context.actor.caller, changeset).problems


def _why_kept(code: str, rejected: Collection[str | None]) -> Sentence:
    if code in rejected:
        return say("kept_rejected", "{code} stays as it is: its rows were rejected", code=code)
    return say("kept_not_in_file", "{code} is not in the file, and nothing takes its place: it stays", code=code)


def _same_draft(
    session: Session, villages: Sequence[str], content: Sequence[ProposedGrid], context: Context
) -> int | None:
    """An open changeset that proposes exactly this already, so that a second import of a file makes no second one."""
    wanted = {grid.code: grid for grid in content}
    for status in _OPEN:
        for changeset in list_changesets(session, context.actor.caller, status=status, village=villages[0]):
            if set(changeset.villages) != set(villages):
                continue
            drafts = [d for d in list_content(session, context.actor.caller, changeset.id) if d.action != "retire"]
            proposed = {draft.code: draft.proposed() for draft in drafts}
            if proposed.keys() == wanted.keys() and all(_alike(proposed[code], wanted[code]) for code in wanted):
                return changeset.id
    return None


def _alike(one: ProposedGrid, other: ProposedGrid) -> bool:
    told = all(getattr(one, name) == getattr(other, name) for name in ("name", "name_bo", "kind", "note"))
    return told and bool(one.geometry.equals_exact(other.geometry, 0.0))


def _proposed(state: GridState) -> ProposedGrid:
    return ProposedGrid(
        village_code=state.code[:12],
        code=state.code,
        name=state.name,
        geometry=state.geometry,
        name_bo=state.name_bo,
        kind=state.kind,
        note=state.note,
        ref=state.code,
    )


def _tell(loaded: Loaded, plans: Sequence[VillagePlan]) -> None:
    """The before/after table: grids and area by village, the first ten of them, and in all."""
    for each in plans[:10]:
        before = sum(area_m2(grid.geometry) for grid in each.before.values())
        after = sum(area_m2(state.geometry) for state in each.state.values())
        loaded.table.append(
            Line(
                say("grids_of_village", "{village}: grids", village=each.village),
                str(len(each.before)),
                str(len(each.state)),
            )
        )
        loaded.table.append(
            Line(
                say("area_of_village", "{village}: km²", village=each.village),
                f"{before / 1e6:.4f}",
                f"{after / 1e6:.4f}",
            )
        )
    for what, said in _DONE.items():
        number = sum(len(getattr(each, what)) for each in plans)
        if number:
            loaded.table.append(Line(say("grids_done", "grids {what}", what=said), "", str(number)))
