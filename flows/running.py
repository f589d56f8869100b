"""Running the flow from the command line: a live line per stage, and Prefect's wrapping taken off our errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from flows.events import Event, listening

if TYPE_CHECKING:
    from flows.assemble import Build


def run_flow(build: Build, console: Console, *, quiet: bool) -> Path:
    """The bundle folder; raises FenshenError as the stage raised it."""
    import os

    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    from flows.assemble import assemble_avatar

    def show(event: Event) -> None:
        if quiet:
            return
        words = {"running": "…", "done": f"{event.seconds:.1f} s", "cached": "found", "failed": "failed"}
        if event.state != "running" or console.is_terminal:
            console.print(f"{event.stage:<12} {words[event.state]}", highlight=False)

    with listening(show):
        folder = assemble_avatar(
            build.spec, str(build.out) if build.out else None, build.target, build.seed,
            sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None,
        )  # fmt: skip
    return Path(folder)
