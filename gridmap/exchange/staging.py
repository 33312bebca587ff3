"""An import in two steps, as a page wants it: look at what a file would do, as often as needed, then accept it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller
from gridmap.db.locks import lock_imports
from gridmap.errors import Conflict, Forbidden, InvalidInput
from gridmap.exchange.importing import PEOPLE, ImportRequest, import_file
from gridmap.exchange.reading import load_tables
from gridmap.exchange.repair import Noding
from gridmap.exchange.report import Fate, ImportReport
from gridmap.exchange.table import Table
from gridmap.exchange.uploads import Upload, UploadStore
from gridmap.geo.noding import RepairOptions
from gridmap.sentences import say

REPORT = "report.csv"
PERSONS_WAIT = timedelta(hours=1)
_FOR_ADMINS = frozenset({"divisions", "outlines"})


class AlreadyAccepted(Conflict):
    """The import was accepted before: a second time would do nothing, and its files are gone."""

    code = "already_accepted"


class PreviewChanged(Conflict):
    """What the import would do now is not what was looked at."""

    code = "preview_changed"


class NoPreview(Conflict):
    """The file is refused as a whole, so there is nothing to accept."""

    code = "import_refused"


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do, or why it is refused; then the tables are told as far as they can be read."""

    upload: Upload
    report: ImportReport | None
    refusal: InvalidInput | None = None
    tables: tuple[Table, ...] = ()


def waits(kind: str) -> timedelta | None:
    """How long a file of a kind waits where that is shorter than usual: one of persons for an hour."""
    return PERSONS_WAIT if kind in PEOPLE else None


def may_import(caller: Caller, kind: str) -> bool:
    """Whether a caller who may import at all may import the kind."""
    return caller.role == "admin" or (kind not in _FOR_ADMINS and (kind != "pairs" or caller.role == "reviewer"))


def check_kind(actor: Actor, kind: str) -> None:
    """Raises Forbidden unless the actor may import the kind.

    The tree of divisions is an administrator's; pairs are for who may apply a plan.
    """
    if may_import(actor.caller, kind):
        return
    if kind == "pairs":
        raise Forbidden(
            say("appliers_only", "Importing pairs sets who looks after whom: who may apply a plan does it.")
        )
    raise Forbidden(
        say(
            "admins_only",
            "Importing {kind} changes the tree of divisions, which only an administrator does.",
            kind=kind,
        )
    )


def preview(session: Session, actor: Actor, store: UploadStore, upload: Upload) -> Preview:
    """Everything that accepting would do, and nothing of it done. Keeps what was told beside the files."""
    check_kind(actor, upload.kind)
    _only_one(session, upload)
    _expect_waiting(store, upload)
    try:
        with session.begin_nested() as attempt:
            report = import_file(session, _request(store, upload, actor, dry_run=True))
            attempt.rollback()
    except InvalidInput as refusal:
        refused = replace(upload, status="refused", digest=None)
        store.save(refused)
        if any(error.code == "never_kept" for error in refusal.errors):
            store.drop_files(refused)
            return Preview(refused, None, refusal)
        return Preview(refused, None, refusal, _tables(store, upload))
    return Preview(_keep(store, upload, report), report)


def accept(session: Session, actor: Actor, store: UploadStore, upload: Upload) -> tuple[Upload, ImportReport]:
    """Does what the preview told, or nothing. The record says so once the transaction is committed.

    Raises AlreadyAccepted, NoPreview, and PreviewChanged when it would do something else by now.
    """
    check_kind(actor, upload.kind)
    _only_one(session, upload)
    _expect_waiting(store, upload)
    if upload.digest is None:
        raise NoPreview(
            say("refused_look_again", "The file was refused; overrule what is wrong, and look at it again.")
        )
    report = import_file(session, _request(store, upload, actor, dry_run=False))
    if _digest(report) != upload.digest:
        raise PreviewChanged(
            say(
                "changed_meanwhile",
                "Something was changed meanwhile, and the import would do something else now: look again.",
            )
        )
    audit.record(session, actor, f"import {upload.kind}", [f"import:{upload.id}"])
    result = {"version": report.version, "changesets": list(report.changesets), "counts": report.counts()}
    done = replace(upload, status="accepted", result=result)
    event.listen(session, "after_commit", lambda _: _finish(store, done, report), once=True)
    return done, report


def _finish(store: UploadStore, done: Upload, report: ImportReport) -> None:
    store.keep(done.id, REPORT, report.as_csv())
    store.save(done)
    store.drop_files(done)


def _keep(store: UploadStore, upload: Upload, report: ImportReport) -> Upload:
    seen = replace(upload, status="previewed", digest=_digest(report))
    store.keep(upload.id, REPORT, report.as_csv())
    store.save(seen)
    return seen


def _only_one(session: Session, upload: Upload) -> None:
    """Two clicks, or two workers, don't import one file twice."""
    lock_imports(session, [f"upload {upload.id}"])


def _expect_waiting(store: UploadStore, upload: Upload) -> None:
    if store.get(upload.id, upload.owner).status == "accepted":
        raise AlreadyAccepted(say("accepted_before", "This import was accepted before; its report tells what it did."))
    if not store.has_files(upload):
        raise NoPreview(say("removed_at_once", "The file holds what no register keeps and was removed at once."))


def _request(store: UploadStore, upload: Upload, actor: Actor, *, dry_run: bool) -> ImportRequest:
    options: Mapping[str, Any] = upload.options
    tolerance_m = float(options.get("tolerance_m") or RepairOptions().tolerance_m)
    return ImportRequest(
        upload.kind,
        store.path_of(upload),
        actor,
        crs=options.get("crs"),
        encoding=options.get("encoding"),
        columns=tuple(options.get("map") or ()),
        layer=options.get("layer"),
        dry_run=dry_run,
        name=options.get("name"),
        title=options.get("title"),
        public=bool(options.get("public")),
        allow_defects=bool(options.get("allow_defects")),
        noding=Noding(RepairOptions(tolerance_m=tolerance_m), accepted=bool(options.get("node"))),
    )


def _tables(store: UploadStore, upload: Upload) -> tuple[Table, ...]:
    """The tables of a file that is refused, for the person to say which column is which."""
    try:
        return tuple(load_tables(store.path_of(upload), encoding=upload.options.get("encoding")))
    except InvalidInput:
        return ()


def _digest(report: ImportReport) -> str:
    """A mark of what an import does to each row and to the whole; numbers of changesets are not part of it.

    Nor are the ids that new persons get and how many a county has: somebody else may have entered one meanwhile.
    """
    told = [[fate.table, fate.row, None if _is_new(report, fate) else fate.code, fate.status] for fate in report.fates]
    table = () if report.kind in PEOPLE else report.table
    lines = [[line.what, line.before, line.after] for line in table]
    return hashlib.sha256(json.dumps([told, lines], ensure_ascii=False).encode()).hexdigest()


def _is_new(report: ImportReport, fate: Fate) -> bool:
    return report.kind in PEOPLE and fate.status == "loaded" and fate.reason.partition(";")[0] == "new"
