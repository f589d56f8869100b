"""What a build would do, and why: a walk of the pipeline that computes keys and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assets.artefact import Ref
from assets.digest import sha256_json
from assets.spec.appearance import Section
from assets.store import LocalStore
from flows.pipeline.definition import walk_pipeline
from flows.pipeline.request import ResolvedRequest
from stages.execute import Job, Outcome, compute_key_parts
from stages.stage import Stage


@dataclass(frozen=True)
class PlannedStage:
    """One stage of a plan."""

    stage: str
    run: bool
    """True where it would run, False where the store has its result."""
    why: str
    outcome: Outcome | None = None
    backend: str | None = None
    """The chosen backend, None for the default."""
    waits: bool = False
    """Another stage has to run before it."""


@dataclass
class KeyWalker:
    """A walker that looks keys up; inputs that have yet to be made have no digest, so the stages that take them run too."""

    request: ResolvedRequest
    explain: bool
    """Say what changed: this reads every record of the store, 0.2 s for four thousand."""
    planned_stages: list[PlannedStage] = field(default_factory=list)

    @cached_property
    def earlier_records(self) -> dict[str, list[dict[str, Any]]]:
        """Each stage's records, newest first; a miss is explained by its difference from the most similar one."""
        records: dict[str, list[dict[str, Any]]] = {}
        for record in reversed(_list_records_by_age(self.request.store)):
            records.setdefault(record["stage"], []).append(record)
        return records

    def __call__(
        self,
        stage: Stage[Any],
        options: Section,
        *,
        backend: str | None = None,
        extra: dict[str, Any] | None = None,
        **inputs: PlannedStage,
    ) -> PlannedStage:
        """The stage's line of the plan."""
        new_inputs = [name for name, planned in inputs.items() if planned.run]
        if new_inputs:
            outcome, why = None, f"{', '.join(new_inputs)} will be new"
        elif stage.name in self.request.force:
            outcome, why = None, "forced"
        else:
            outcome, why = self._look_up(stage, self.request.make_job(stage, options, backend, extra), inputs)
        planned = PlannedStage(stage.name, outcome is None, why, outcome, backend, bool(new_inputs))
        self.planned_stages.append(planned)
        return planned

    def _look_up(self, stage: Stage[Any], job: Job, inputs: dict[str, PlannedStage]) -> tuple[Outcome | None, str]:
        refs = {name: planned.outcome.ref for name, planned in inputs.items() if planned.outcome}
        parts = compute_key_parts(stage, job, refs)
        key = sha256_json(parts)
        found = self.request.store.find(key)
        if found:
            ref: Ref[Any] = Ref(found["kind"], found["digest"])
            return Outcome(ref, key, parts["backend"], True, float(found.get("seconds", 0))), "in the store"
        if self.request.store.is_damaged(key):
            return None, "the stored result is damaged"
        return None, _explain_miss(parts, self.earlier_records.get(stage.name, ())) if self.explain else "not in the store"


def read_last_durations(store: LocalStore) -> dict[str, float | None]:
    """Stage name -> seconds of its newest result: how long it may take again."""
    return {record["stage"]: record.get("seconds") for record in _list_records_by_age(store)}


def _list_records_by_age(store: LocalStore) -> list[dict[str, Any]]:
    return sorted((record for _, record in store.list_records() if "stage" in record), key=lambda record: float(record.get("made", 0)))


def plan_build(request: ResolvedRequest, *, explain: bool = False) -> list[PlannedStage]:
    """Every stage in order, with what would be done and why; with `explain` a miss says what changed."""
    walker = KeyWalker(request, explain)
    walk_pipeline(walker, request.spec)
    return walker.planned_stages


def _explain_miss(now: dict[str, Any], before: Iterable[dict[str, Any]]) -> str:
    """How the stage's parts differ from the most similar record; the store may hold many characters."""
    differences = min((_find_changed_parts(now, record) for record in before), key=len, default=None)
    if differences is None:
        return "never built"
    parts: dict[str, list[str]] = {}
    for part, name in differences:
        parts.setdefault(part, []).append(name)
    changes = [f"{part} {', '.join(filter(None, names))}".strip() for part, names in parts.items()]
    return f"changed: {'; '.join(changes)}" if changes else "no longer in the store"


def _find_changed_parts(now: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, str]]:
    """(part, name) of everything that differs; the name is empty where a part is one value."""
    changed = []
    for part, value in now.items():
        old = before.get(part)
        if isinstance(value, dict) and isinstance(old, dict):
            names = [*value, *(name for name in old if name not in value)]
            changed += [(part, name) for name in names if (name in value, value.get(name)) != (name in old, old.get(name))]
        elif old != value:
            changed.append((part, ""))
    return changed
