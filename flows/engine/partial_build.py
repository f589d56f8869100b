"""`--only STAGE`: the stage and what it needs, without Prefect, nothing after it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from assets.artefacts.verdict import Verdict
from assets.errors import Finding, SpecError
from assets.spec.appearance import Section
from flows.cli.live_display import show_live_display
from flows.engine.events import run_with_events
from flows.pipeline.bundle_writer import check_verdict, collect_stage_warnings
from flows.pipeline.definition import STAGES, walk_pipeline
from flows.pipeline.plan import ResolvedRequest, read_last_durations
from flows.pipeline.request import BuildRequest, resolve_request
from stages.execute import Job, Outcome, execute
from stages.stage import Stage


class _LazyStage:
    """A stage that runs when it is asked for, once."""

    def __init__(self, order: ResolvedRequest, stage: Stage[Any], job: Job, inputs: dict[str, _LazyStage]) -> None:
        self.request, self.stage, self.job, self.inputs = order, stage, job, inputs
        self.outcome: Outcome | None = None

    def result(self) -> Outcome:
        """The outcome, made now if need be."""
        if self.outcome is None:
            refs = {name: lazy.result().ref for name, lazy in self.inputs.items()}
            work = partial(execute, self.stage, self.job, self.request.store, refs, force=self.stage.name in self.request.force)
            self.outcome = run_with_events(self.stage.name, work, lambda made: "cached" if made.cached else "done")
        return self.outcome


@dataclass(frozen=True)
class PartialBuild:
    """What `build_until` made."""

    outcome: Outcome
    """Of the stage asked for."""
    warnings: list[dict[str, str]]
    """Of that stage and of those that it needed, as in a manifest."""


def run_partial_build(build: BuildRequest, only: str, console: Console | None = None) -> PartialBuild:
    """One stage and what it needs.

    Args:
        console: shows the stages while they run, where it is a terminal.

    Raises:
        SpecError: there is no such stage.
        GateError: the stage is verify, and a gate failed that the build does not allow.
    """
    if only not in STAGES:
        raise SpecError(Finding("build/stage", f"there is no stage {only}", fix=f"take one of {', '.join(STAGES)}"))
    order, _, _ = resolve_request(build)

    def step(
        stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None, **inputs: _LazyStage
    ) -> _LazyStage:
        return _LazyStage(order, stage, order.make_job(stage, options, backend, extra), inputs)

    line = walk_pipeline(step, order.spec)
    with _show_progress(order, console):
        outcome = line[only].result()
    if STAGES[only].makes is Verdict:
        check_verdict(order.store.get(outcome.ref, Verdict), build.allow)
    outcomes = {name: lazy.outcome for name, lazy in line.items() if lazy.outcome}
    return PartialBuild(outcome, collect_stage_warnings(outcomes, order.store))


def _show_progress(order: ResolvedRequest, console: Console | None) -> AbstractContextManager[None]:
    # Who keeps the output keeps a stage's reference: lines of its making would only stand in the way.
    if console is None or not console.is_terminal:
        return nullcontext()
    return show_live_display(console, read_last_durations(order.store))
