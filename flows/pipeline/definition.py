"""The pipeline: the one table of stages. STAGES, the order of a walk and the names of its results derive from it.

Prefect, `fenshen plan`, partial builds and the bundle writer read this table and nothing else; a new stage is one more line of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar

from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from stages.stage import Stage

R = TypeVar("R")


@dataclass(frozen=True)
class PipelineStage:
    """One line of the pipeline: a stage, and what it gets from the spec and from the stages above it."""

    record: str
    """The stage's record, "module:STAGE"; imported on first use."""
    options: str
    """The section of the spec that holds its options."""
    backend: str = ""
    """"module:function" that chooses the backend from the whole spec; without one it is the `backend` of the options."""
    extra: tuple[str, ...] = ()
    """Fields of the spec that `run` takes as further keywords."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Parameter of `run` -> the stage that makes it, where the two have different names."""
    gpu: bool = False
    """True where only one may run at a time on a machine's GPU."""

    @cached_property
    def stage(self) -> Stage[Any]:
        """The stage's record."""
        stage: Stage[Any] = _import_name(self.record)
        return replace(stage, gpu=True) if self.gpu else stage

    def choose_backend(self, spec: AvatarSpec) -> str | None:
        """The name of the backend for this spec; None stands for the stage's default."""
        if self.backend:
            choose: Callable[[AvatarSpec], str] = _import_name(self.backend)
            return choose(spec)
        return getattr(self.get_options(spec), "backend", None) if self.stage.backends else None

    def get_options(self, spec: AvatarSpec) -> Section:
        """The stage's section of the spec."""
        options: Section = getattr(spec, self.options)
        return options

    def get_extra(self, spec: AvatarSpec) -> dict[str, Any] | None:
        """The further keywords of `run`; None where it takes none."""
        return {name: getattr(spec, name) for name in self.extra} or None

    def list_producers(self) -> dict[str, str]:
        """Input of the stage -> name of the stage that makes it."""
        return {name: self.inputs.get(name, name) for name in self.stage.takes}


# A stage comes after those whose results it takes. The longest branch, dialogue and voice, comes as early as it can: tasks are
# submitted in this order, and the first to be submitted are the first to get a core.
PIPELINE = (
    PipelineStage("stages.identity.stage:STAGE", "identity", gpu=True),
    PipelineStage("stages.body.stage:STAGE", "body"),
    PipelineStage("stages.texture.stage:STAGE", "texture"),
    PipelineStage("stages.groom.stage:STAGE", "groom"),
    PipelineStage("stages.motion.stage:STAGE", "motion"),
    PipelineStage("stages.retarget.stage:STAGE", "retarget"),
    PipelineStage("stages.dialogue.stage:STAGE", "persona", backend="stages.dialogue.default_backend:resolve_backend", extra=("name",)),
    PipelineStage("stages.voice.stage:STAGE", "voice", backend="stages.voice.default_voice:resolve_voice"),
    PipelineStage("stages.performance.presence:STAGE", "performance", inputs={"motion": "retarget"}),
    PipelineStage("stages.performance.stage:STAGE", "performance", inputs={"speech": "voice", "motion": "presence"}),
    PipelineStage("stages.model.stage:STAGE", "package"),
    PipelineStage("stages.preview.stage:STAGE", "package", inputs={"motion": "presence"}),
    PipelineStage("stages.package.stage:STAGE", "package", extra=("rights", "name"), inputs={"previews": "preview", "speech": "voice"}),
    PipelineStage("stages.verify.stage:STAGE", "package"),
)


def _import_name(path: str) -> Any:
    """The object at "module:name"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


STAGES: dict[str, Stage[Any]] = {entry.stage.name: entry.stage for entry in PIPELINE}
FILM_RECORDS = ("stages.present.stage:FIGURE", "stages.present.stage:FILM")
"""Stages of a film of a finished bundle (flows/engine/present.py); no build runs them."""


@lru_cache(maxsize=32)  # the stages there are
def find_stage(name: str) -> Stage[Any]:
    """The stage of that name, of the pipeline or of films."""
    if name in STAGES:
        return STAGES[name]
    films: dict[str, Stage[Any]] = {stage.name: stage for stage in map(_import_name, FILM_RECORDS)}
    return films[name]


class PipelineWalker(Protocol[R]):
    """What a walk does at each stage: submit a task, run it, or only compute its key."""

    def __call__(
        self, stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None, **inputs: R
    ) -> R:
        """The stage's result, in the form that this walker passes on."""


def walk_pipeline(walker: PipelineWalker[R], spec: AvatarSpec) -> dict[str, R]:
    """Calls the walker once for each stage, inputs first; returns its results by stage name, in the order of the table."""
    results: dict[str, R] = {}
    for entry in PIPELINE:
        inputs = {name: results[producer] for name, producer in entry.list_producers().items()}
        results[entry.stage.name] = walker(
            entry.stage, entry.get_options(spec), backend=entry.choose_backend(spec), extra=entry.get_extra(spec), **inputs
        )
    return results
