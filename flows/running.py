"""Running the flow from the command line: a live line per stage, and Prefect's wrapping taken off our errors."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from flows.order import Build


def run_flow(build: Build, console: Console, *, quiet: bool) -> Path:
    """The bundle folder; raises FenshenError as the stage raised it."""
    import os

    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    from flows.assemble import assemble_avatar
    from flows.board import watching
    from flows.order import order_of
    from flows.plan import latest

    order, _, _ = order_of(build)
    expected = {stage: record.get("seconds") for stage, record in latest(order.store).items()}
    with nullcontext() if quiet else watching(console, expected):
        folder = assemble_avatar(
            build.spec, str(build.out) if build.out else None, build.target, build.seed,
            sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None,
        )  # fmt: skip
    return Path(folder)
