"""`gridmap snapshot`: the read model of an installation, for whoever looks after it or takes it elsewhere."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.output import say
from gridmap.db.opening import open_database
from gridmap.settings import Settings

# What reads segments is imported by the commands that do: other commands need not wait for it.
if TYPE_CHECKING:
    from gridmap.snapshot.manifest import Manifest
    from gridmap.snapshot.reader import Snapshot

snapshot_app = typer.Typer(help="The snapshot that is served without the database.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
SnapshotFile = Annotated[Path | None, typer.Option("--snapshot", help="An exported file instead of the home's.")]


@snapshot_app.command("build")
def build(as_json: AsJson = False) -> None:
    """Builds the whole snapshot anew from the database and serves it."""
    from gridmap.snapshot.catch_up import catch_up, snapshot_folder

    settings = Settings.from_env()
    with open_database(settings, report=say) as database:
        made = catch_up(database.engine, snapshot_folder(settings.home), anew=True, say=say)
    _tell(made, as_json=as_json)


@snapshot_app.command("info")
def info(file: SnapshotFile = None, as_json: AsJson = False) -> None:
    """Says which version the snapshot holds, since when, what of, and which older ones are kept."""
    from gridmap.snapshot.catch_up import snapshot_folder
    from gridmap.snapshot.manifest import kept_versions

    if file is not None:
        _tell(_open(file).manifest, as_json=as_json)
        return
    folder = snapshot_folder(Settings.from_env().home)
    _tell(_open(None).manifest, as_json=as_json, kept=kept_versions(folder), folder=str(folder))


@snapshot_app.command("verify")
def verify(file: SnapshotFile = None, as_json: AsJson = False) -> None:
    """Reads every byte of every file that is kept and compares it with its checksum; exit status 3 for damage."""
    from gridmap.snapshot.catch_up import snapshot_folder
    from gridmap.snapshot.verify import verify_all

    if file is not None:
        manifests, files, size = 1, len(_open(file).manifest.files), file.stat().st_size
    else:
        manifests, files, size = verify_all(snapshot_folder(Settings.from_env().home))
    if as_json:
        print(json.dumps({"sound": True, "manifests": manifests, "files": files, "bytes": size}))
    else:
        print(f"sound: {manifests} manifests, {files} files, {size / 1e6:.1f} MB")


@snapshot_app.command("export")
def export(file: Annotated[Path, typer.Argument(show_default=False)], as_json: AsJson = False) -> None:
    """Writes the snapshot into one FILE for other machines, brought up to the database when that is reachable."""
    from gridmap.cli.offline import current_snapshot_folder
    from gridmap.snapshot.export import export_file

    with current_snapshot_folder(Settings.from_env()) as folder:
        made = export_file(folder, file)
    _tell(made, as_json=as_json, file=str(file))


def _open(file: Path | None) -> "Snapshot":
    from gridmap.snapshot.catch_up import snapshot_folder
    from gridmap.snapshot.reader import Snapshot

    return Snapshot.open(snapshot_folder(Settings.from_env().home)) if file is None else Snapshot.open_file(file)


def _tell(manifest: "Manifest", *, as_json: bool, **more: Any) -> None:
    told: dict[str, Any] = {
        "version": manifest.version,
        "published_at": manifest.origin.published_at,
        "written_at": manifest.written_at,
        "mark": manifest.mark,
        "files": len(manifest.files),
        "segments": sum(entry.segments for entry in manifest.files),
        "bytes": sum(entry.size for entry in manifest.files),
        "age_s": round((datetime.now(UTC) - manifest.written_at).total_seconds()),
        **more,
    }
    if as_json:
        print(json.dumps(told, default=lambda value: value.isoformat()))
        return
    size = f"{told['files']} files, {told['segments']} segments, {told['bytes'] / 1e6:.1f} MB"
    published = manifest.origin.published_at
    when = "" if published is None else f", published {published.astimezone():%Y-%m-%d %H:%M:%S}"
    print(f"version {manifest.version}{when}: {size}")
    print(f"written {manifest.written_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if kept := more.get("kept"):
        print(f"kept versions: {', '.join(map(str, kept))}")
    for name in ("folder", "file"):
        if name in more:
            print(f"{name} {more[name]}")
