"""What a build would do, and why: the line walked with keys alone, nothing run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from assets.artefact import Ref
from assets.digest import sha256_json, sha256_path
from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.pipeline.definition import walk_pipeline
from flows.pipeline.media import find_media, resolve_media_paths
from stages.execute import Job, Outcome, compute_key_parts
from stages.stage import Stage


@dataclass(frozen=True)
class ResolvedRequest:
    """One build: the spec, where it lay, the store it is built into."""

    spec: AvatarSpec
    folder: Path
    """Media paths are relative to it."""
    store: LocalStore
    force: frozenset[str] = frozenset()

    def make_job(self, stage: Stage[Any], options: Section, backend: str | None, extra: dict[str, Any] | None) -> Job:
        """The stage's job, with the digests of the media files that its options name."""
        absolute = resolve_media_paths(options, self.folder)
        media = {name: sha256_path(path) for name, path in find_media(absolute)}
        return Job(options, self.spec.seed, backend, media, extra, absolute)


@dataclass(frozen=True)
class PlannedStage:
    """One stage of a plan."""

    stage: str
    run: bool
    """True where it would run; False where the store has it."""
    why: str
    outcome: Outcome | None = None
    backend: str | None = None
    """The backend asked for, None for the default."""
    waits: bool = False
    """Another stage has to run before it."""


@dataclass
class KeyWalker:
    """A Step that finds keys; inputs that would be made now have no digest yet, so what follows them runs too."""

    request: ResolvedRequest
    explain: bool
    """Say of a miss what changed: every record of the store is read for that, 0.2 s of four thousand."""
    planned_stages: list[PlannedStage] = field(default_factory=list)

    @cached_property
    def earlier_records(self) -> dict[str, list[dict[str, Any]]]:
        """What each stage made, the newest first: a miss is explained by how it differs from what is most like it."""
        made: dict[str, list[dict[str, Any]]] = {}
        for record in reversed(_list_records_by_age(self.request.store)):
            made.setdefault(record["stage"], []).append(record)
        return made

    def __call__(
        self,
        stage: Stage[Any],
        options: Section,
        *,
        backend: str | None = None,
        extra: dict[str, Any] | None = None,
        **inputs: PlannedStage,
    ) -> PlannedStage:
        """The stage's place in the plan."""
        fresh = [name for name, planned in inputs.items() if planned.run]
        if fresh:
            outcome, why = None, f"{', '.join(fresh)} will be new"
        elif stage.name in self.request.force:
            outcome, why = None, "forced"
        else:
            outcome, why = self._look_up(stage, self.request.make_job(stage, options, backend, extra), inputs)
        planned = PlannedStage(stage.name, outcome is None, why, outcome, backend, bool(fresh))
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
            return None, "what the store has is damaged"
        return None, _explain_miss(parts, self.earlier_records.get(stage.name, ())) if self.explain else "not in the store"


def read_last_durations(store: LocalStore) -> dict[str, float | None]:
    """Stage name -> seconds of what it made last: how long it may take again."""
    return {record["stage"]: record.get("seconds") for record in _list_records_by_age(store)}


def _list_records_by_age(store: LocalStore) -> list[dict[str, Any]]:
    return sorted((record for _, record in store.list_records() if "stage" in record), key=lambda record: float(record.get("made", 0)))


def plan_build(order: ResolvedRequest, *, explain: bool = False) -> list[PlannedStage]:
    """Every stage in order of the line, with what would be done and why; with `explain` a miss is told by what changed."""
    walk = KeyWalker(order, explain)
    walk_pipeline(walk, order.spec)
    return walk.planned_stages


def _explain_miss(now: dict[str, Any], before: Iterable[dict[str, Any]]) -> str:
    """In what the stage's parts differ from the record that is most like them; the store may hold many characters."""
    changes = min((_find_changed_parts(now, record) for record in before), key=len, default=None)
    if changes is None:
        return "never made"
    parts: dict[str, list[str]] = {}
    for part, name in changes:
        parts.setdefault(part, []).append(name)
    told = [f"{part} {', '.join(filter(None, names))}".strip() for part, names in parts.items()]
    return f"changed: {'; '.join(told)}" if told else "no longer in the store"


def _find_changed_parts(now: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, str]]:
    """(part, name) of everything that is not the same, the name empty where a part is one value."""
    changed = []
    for part, value in now.items():
        old = before.get(part)
        if isinstance(value, dict) and isinstance(old, dict):
            names = [*value, *(name for name in old if name not in value)]
            changed += [(part, name) for name in names if (name in value, value.get(name)) != (name in old, old.get(name))]
        elif old != value:
            changed.append((part, ""))
    return changed
