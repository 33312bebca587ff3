"""Routes of imports: a file is uploaded once, looked at as often as needed, and then accepted or forgotten."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from gridmap.api import import_answers
from gridmap.api.deps import SessionDep
from gridmap.api.pages.messages import LANGUAGES, Language, Messages
from gridmap.api.security import PRIVATE, ActorDep
from gridmap.api.uploading import ReceivedDep, UploadsDep
from gridmap.db.versions import current_version
from gridmap.exchange import staging
from gridmap.exchange.report import REPORT_COLUMNS, ImportReport
from gridmap.exchange.schema import (
    ImportLine,
    ImportList,
    ImportOptions,
    ImportOut,
    ResultOut,
)
from gridmap.exchange.staging import Preview
from gridmap.exchange.uploads import Upload, UploadStore

router = APIRouter(prefix="/imports", tags=["imports"])

ImportId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="From the upload's answer.")]
_ANSWER, _SHAPES = "answer.json", "shapes.json"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
def upload_file(
    session: SessionDep, actor: ActorDep, store: UploadsDep, received: ReceivedDep, response: Response
) -> ImportOut:
    """Takes a file (zip, xlsx, csv, gpkg, geojson, kml, …) and tells what importing it would do. Nothing is changed.

    Plain bytes with `filename`, or a form with one file, or with a shapefile and its companions. The file waits for
    a day, one of persons for an hour, and is seen by who sent it only; names and phones of it are shown masked.
    """
    try:
        staging.check_kind(actor, received.kind)
        options = ImportOptions(name=received.name).model_dump()
        owner, lasts = actor.caller.name, staging.waits(received.kind)
        upload = store.enter(received.id, owner=owner, kind=received.kind, options=options, lasts=lasts)
        return _looked_at(session, actor, store, upload, response)
    except BaseException:
        store.remove(received.id)
        raise


@router.get("")
def list_imports(actor: ActorDep, store: UploadsDep, response: Response) -> ImportList:
    """The caller's own imports of the last day."""
    response.headers["Cache-Control"] = PRIVATE
    found = store.list_of(actor.caller.name)
    return ImportList(imports=[ImportLine.model_validate(_line(upload)) for upload in found])


@router.get("/{import_id}")
def get_import(import_id: ImportId, actor: ActorDep, store: UploadsDep, response: Response) -> ImportOut:
    """An import as it was last looked at, with its result once it is accepted."""
    response.headers["Cache-Control"] = PRIVATE
    upload = store.get(import_id, actor.caller.name)
    return _with_result(ImportOut.model_validate_json(store.read(upload.id, _ANSWER) or ""), upload)


@router.patch("/{import_id}")
def look_again(
    import_id: ImportId,
    asked: ImportOptions,
    session: SessionDep,
    actor: ActorDep,
    store: UploadsDep,
    response: Response,
) -> ImportOut:
    """Overrules what was detected and looks again; options that are not sent stay as they are, null detects anew."""
    upload = store.get(import_id, actor.caller.name)
    options = {**upload.options, **asked.model_dump(exclude_unset=True)}
    return _looked_at(session, actor, store, replace(upload, options=options), response)


@router.post("/{import_id}/accept")
def accept_import(
    import_id: ImportId, session: SessionDep, actor: ActorDep, store: UploadsDep, response: Response
) -> ImportOut:
    """Imports the file as it was looked at: published, or a changeset where there are grids already or problems.

    409 `preview_changed` when it would do something else by now, `already_accepted`, `import_refused`.
    """
    response.headers["Cache-Control"] = PRIVATE
    upload = store.get(import_id, actor.caller.name)
    done, report = staging.accept(session, actor, store, upload)
    answer = ImportOut.model_validate_json(store.read(upload.id, _ANSWER) or "")
    preview = import_answers.preview_of(report, current_version(session))
    repairs = answer.preview.repairs if answer.preview else []
    told = answer.model_copy(
        update={
            "preview": preview.model_copy(update={"repairs": repairs}),
            "sentences": import_answers.report_sentences(report),
        }
    )
    store.keep(upload.id, _ANSWER, told.model_dump_json())
    _keep_reports(store, upload, report)
    return _with_result(told, done)


@router.get("/{import_id}/report.csv", response_class=Response)
def get_report(import_id: ImportId, actor: ActorDep, store: UploadsDep, lang: Language | None = None) -> Response:
    """What becomes, or became, of every row, as CSV for Excel; empty while the file is refused as a whole.

    Programs read its English columns; `lang=zh` is for people.
    """
    upload = store.get(import_id, actor.caller.name)
    headers = {
        "Cache-Control": PRIVATE,
        "Content-Disposition": f'attachment; filename="import-{upload.id[:8]}-report.csv"',
    }
    return Response(
        store.read(upload.id, _report_name(lang)) or "", headers=headers, media_type="text/csv; charset=utf-8"
    )


@router.get("/{import_id}/shapes")
def get_shapes(import_id: ImportId, actor: ActorDep, store: UploadsDep) -> Response:
    """The result over the known outlines as GeoJSON (`ImportShapes`), limited to what a map can draw at once."""
    upload = store.get(import_id, actor.caller.name)
    told = store.read(upload.id, _SHAPES) or import_answers.NO_SHAPES.model_dump_json()
    return Response(told, headers={"Cache-Control": PRIVATE}, media_type="application/geo+json")


@router.delete("/{import_id}", status_code=204)
def forget_import(import_id: ImportId, actor: ActorDep, store: UploadsDep) -> None:
    """Removes the file and everything that was told of it; what was imported stays."""
    store.remove(store.get(import_id, actor.caller.name).id)


def _looked_at(session: Session, actor: ActorDep, store: UploadStore, upload: Upload, response: Response) -> ImportOut:
    response.headers["Cache-Control"] = PRIVATE
    seen = staging.preview(session, actor, store, upload)
    answer = _answer(seen, current_version(session))
    store.keep(upload.id, _ANSWER, answer.model_dump_json())
    if seen.report is not None:
        _keep_reports(store, upload, seen.report)
        store.keep(upload.id, _SHAPES, import_answers.shapes_of(seen.report).model_dump_json())
    return answer


def _keep_reports(store: UploadStore, upload: Upload, report: ImportReport) -> None:
    for language in LANGUAGES:
        words = Messages(language)
        headings = [words(f"import.report_{name}") for name in REPORT_COLUMNS]
        store.keep(upload.id, _report_name(language), report.as_csv(headings, words.of_import))


def _report_name(language: Language | None) -> str:
    return staging.REPORT if language is None else f"report.{language}.csv"


def _answer(seen: Preview, version: int) -> ImportOut:
    report, upload = seen.report, seen.upload
    tables = import_answers.raw_tables(upload.kind, seen.tables) if report is None else import_answers.tables_of(report)
    return ImportOut(
        **_line(upload),
        size=upload.size,
        options=ImportOptions.model_validate(upload.options),
        fields=import_answers.fields_of(upload.kind),
        tables=tables,
        preview=None if report is None else import_answers.preview_of(report, version),
        refusal=None if seen.refusal is None else import_answers.refusal_of(seen.refusal),
        result=None,
        sentences=import_answers.sentences_of(seen),
    )


def _line(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "kind": upload.kind,
        "files": list(upload.files),
        "status": upload.status,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }


def _with_result(answer: ImportOut, upload: Upload) -> ImportOut:
    result = None if upload.result is None else ResultOut.model_validate(upload.result)
    return answer.model_copy(update={"status": upload.status, "result": result})
