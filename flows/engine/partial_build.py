"""`--only STAGE`: one stage and what it needs, without Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from assets.artefacts.verdict import Verdict
from assets.errors import Finding, SpecError
from assets.spec.appearance import Section
from flows.engine.display import SILENT, Display
from flows.engine.events import describe_outcome, run_with_events
from flows.pipeline.bundle_writer import check_verdict, collect_stage_warnings
from flows.pipeline.definition import STAGES, walk_pipeline
from flows.pipeline.plan import plan_build, read_last_durations
from flows.pipeline.preflight import report_full_disk, run_preflight
from flows.pipeline.request import BuildRequest, ResolvedRequest, resolve_request
from stages.execute import Job, Outcome, execute
from stages.stage import Stage


class _LazyStage:
    """A stage that runs when its outcome is first needed."""

    def __init__(self, request: ResolvedRequest, stage: Stage[Any], job: Job, inputs: dict[str, _LazyStage]) -> None:
        self.request, self.stage, self.job, self.inputs = request, stage, job, inputs
        self.outcome: Outcome | None = None

    def list_needed(self) -> set[str]:
        """Names of this stage and of all that it takes, directly or not."""
        return {self.stage.name}.union(*(lazy.list_needed() for lazy in self.inputs.values()))

    def result(self) -> Outcome:
        """The outcome; the stages that it takes run first."""
        if self.outcome is None:
            name = self.stage.name
            refs = {key: lazy.result().ref for key, lazy in self.inputs.items()}
            work = partial(execute, self.stage, self.job, self.request.store, refs, force=name in self.request.force)
            self.outcome = run_with_events(name, work, lambda made: describe_outcome(name, made))
        return self.outcome


@dataclass(frozen=True)
class PartialBuild:
    """What `run_partial_build` made."""

    outcome: Outcome
    """Of the requested stage."""
    warnings: list[dict[str, str]]
    """Of that stage and of those that it needed, as in a manifest."""


def run_partial_build(build: BuildRequest, only: str, display: Display = SILENT) -> PartialBuild:
    """One stage and what it needs.

    Raises:
        SpecError: the spec is wrong, or the stage does not exist.
        BackendError: a stage or backend that would run cannot; nothing has run then.
        StoreError: the store has too little disk space or is not writable.
        GateError: the stage is verify, and a gate failed that the build does not allow.
    """
    if only not in STAGES:
        raise SpecError(Finding("build/stage", f"there is no stage {only}", fix=f"use one of {', '.join(STAGES)}"))
    request, _, _ = resolve_request(build)

    def make_lazy(
        stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None, **inputs: _LazyStage
    ) -> _LazyStage:
        return _LazyStage(request, stage, request.make_job(stage, options, backend, extra), inputs)

    stages = walk_pipeline(make_lazy, request.spec)
    needed = stages[only].list_needed()
    run_preflight([planned for planned in plan_build(request) if planned.stage in needed], request.store.root)
    with report_full_disk(request.store.root), display.show_events(read_last_durations(request.store)):
        outcome = stages[only].result()
    if STAGES[only].makes is Verdict:
        check_verdict(request.store.get(outcome.ref, Verdict), build.allow)
    outcomes = {name: lazy.outcome for name, lazy in stages.items() if lazy.outcome}
    return PartialBuild(outcome, collect_stage_warnings(outcomes, request.store))
