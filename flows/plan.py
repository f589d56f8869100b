"""What a build would do, and why: the line walked with keys alone, nothing run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from assets.artefact import Ref
from assets.digest import sha256_file, sha256_folder, sha256_of
from assets.spec.avatar import AvatarSpec
from assets.spec.look import Section
from assets.store import LocalStore
from flows.line import assemble, resolved
from stages.execute import Job, Outcome, key_parts
from stages.stage import Stage


@dataclass(frozen=True)
class Order:
    """One build: the spec, where it lay, the store it is built into."""

    spec: AvatarSpec
    folder: Path
    """Media paths are relative to it."""
    store: LocalStore
    force: frozenset[str] = frozenset()

    def job(self, stage: Stage[Any], options: Section, backend: str | None, extra: dict[str, Any] | None) -> Job:
        """The stage's job, with the digests of the media files and of the model folder that its options name."""
        absolute = resolved(options, self.folder)
        media = {}
        if (model := getattr(absolute, "model", None)) and (place := _model_folder(model)):
            media["model"] = sha256_folder(place)
        for written, whole in zip(getattr(options, "clips", ()), getattr(absolute, "clips", ()), strict=True):
            for kind in ("video", "bvh"):
                if path := getattr(whole, kind):
                    media[f"{written.name}.{kind}"] = sha256_file(Path(path))
        return Job(options, self.spec.seed, backend, media, extra, absolute)


def _model_folder(named: str) -> Path | None:
    """Where a model of the user's own lies: its folder, or what the local cache holds under its id."""
    if Path(named).is_dir():
        return Path(named)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(named, "config.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


@dataclass(frozen=True)
class Planned:
    """One stage of a plan."""

    stage: str
    run: bool
    """True where it would run; False where the store has it."""
    why: str
    outcome: Outcome | None = None
    backend: str | None = None
    """The backend asked for, None for the default."""


@dataclass
class Walk:
    """A Step that finds keys; inputs that would be made now have no digest yet, so what follows them runs too."""

    order: Order
    planned: list[Planned] = field(default_factory=list)

    @cached_property
    def before(self) -> dict[str, dict[str, Any]]:
        """What each stage made last: a miss is explained by how it differs."""
        return latest(self.order.store)

    def __call__(
        self, stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None,
        **inputs: Planned,
    ) -> Planned:
        """The stage's place in the plan."""
        fresh = [name for name, planned in inputs.items() if planned.run]
        if fresh:
            outcome, why = None, f"{', '.join(fresh)} will be new"
        elif stage.name in self.order.force:
            outcome, why = None, "forced"
        else:
            outcome, why = self._look(stage, self.order.job(stage, options, backend, extra), inputs)
        planned = Planned(stage.name, outcome is None, why, outcome, backend)
        self.planned.append(planned)
        return planned

    def _look(self, stage: Stage[Any], job: Job, inputs: dict[str, Planned]) -> tuple[Outcome | None, str]:
        refs = {name: planned.outcome.ref for name, planned in inputs.items() if planned.outcome}
        parts = key_parts(stage, job, refs)
        key = sha256_of(parts)
        found = self.order.store.find(key)
        if found:
            ref: Ref[Any] = Ref(found["kind"], found["digest"])
            return Outcome(ref, key, parts["backend"], True, float(found.get("seconds", 0))), "in the store"
        if self.order.store.damaged(key):
            return None, "what the store has is damaged"
        return None, _difference(parts, self.before.get(stage.name))


def latest(store: LocalStore) -> dict[str, dict[str, Any]]:
    """Stage name -> provenance of what it made last."""
    records = sorted((record for _, record in store.records()), key=lambda record: float(record.get("made", 0)))
    return {record["stage"]: record for record in records if "stage" in record}


def plan(order: Order) -> list[Planned]:
    """Every stage in order of the line, with what would be done and why."""
    walk = Walk(order)
    assemble(walk, order.spec)
    return walk.planned


def _difference(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    if before is None:
        return "never made"
    changed = []
    for part, value in now.items():
        old = before.get(part)
        if old == value:
            continue
        names = [name for name in value if not isinstance(old, dict) or old.get(name) != value[name]] if isinstance(value, dict) else []
        changed.append(f"{part} {', '.join(names)}".strip())
    return f"changed: {'; '.join(changed)}" if changed else "no longer in the store"

