"""`fenshen cache`: the store of finished results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from flows.cli.console import out, report_findings

if TYPE_CHECKING:
    from assets.store import LocalStore

cache = typer.Typer(no_args_is_help=True, help="List, check and clean the store of results.")


@cache.command("ls")
def cache_ls() -> None:
    """List the stored results.

    Example: `fenshen cache ls`
    """
    table = Table("made by", "kind", "KB", "seconds", "key", box=None)
    store = _open_store()
    orphans = sum(status.st_size for _, status in store.find_orphans())
    total = orphans
    for key, record in sorted(store.list_records(), key=lambda item: (_get_maker(item[1]), item[0])):
        total += record.get("bytes", 0)
        seconds = record.get("seconds")
        spent = "" if seconds is None else f"{seconds:.1f}"
        table.add_row(_get_maker(record), record.get("kind", "?"), f"{record.get('bytes', 0) / 1000:.0f}", spent, key[:12])
    out.print(table)
    rest = f", {orphans / 1e6:.1f} MB of it from killed builds: `fenshen cache gc` frees it after an hour" if orphans else ""
    out.print(f"{table.row_count} results, {total / 1e6:.1f} MB{rest}")


def _get_maker(record: dict[str, Any]) -> str:
    """The stage, or the part of a stage's work such as one spoken line."""
    part = record.get("part")
    return str(record.get("stage") or (part.get("part") if isinstance(part, dict) else part) or "?")


@cache.command("gc")
def cache_gc(
    days: Annotated[float | None, typer.Option(min=0, help="Remove what was not used for this many days.")] = None,
    keep_mb: Annotated[float | None, typer.Option(min=0, help="Remove the least recently used until this much is left.")] = None,
) -> None:
    """Remove old results by age, by size, or both; what was used in the last hour stays, since a running build may need it.

    Example: `fenshen cache gc --days 30 --keep-mb 2000`
    """
    with report_findings():
        older = None if days is None else days * 86400
        store = _open_store()
        files, size = store.sweep(older_than_s=older, keep_bytes=None if keep_mb is None else int(keep_mb * 1e6))
        spared = 0 if days is None and keep_mb is None else store.count_recent()
        rest = f"; {spared} results used in the last hour are kept for running builds" if spared else ""
        out.print(f"removed {files} files, {size / 1e6:.1f} MB{rest}")


@cache.command("verify")
def cache_verify() -> None:
    """Check every stored result against its digest; exit code 4 where one is damaged.

    Blobs without a record are listed too: a build was killed between the two, or somebody deleted the record.

    Example: `fenshen cache verify`
    """
    store = _open_store()
    damaged = list(store.find_damage())
    for key, reason in damaged:
        out.print(f"damaged: {key}: {reason}; the next build computes it again")
    for path, _ in [] if damaged else store.find_orphans():
        out.print(f"without a record: {path.name}: no build will find it, `fenshen cache gc` removes it")
    out.print(f"{len(damaged)} damaged")
    if damaged:
        raise typer.Exit(4)


def _open_store() -> LocalStore:
    from flows.pipeline.request import open_store

    return open_store(None)
