"""The production line: one line per stage. Prefect, `plan` and a no-change build all read this one definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import MotionSpec, PersonaSpec, VoiceSpec
from stages.body.stage import STAGE as BODY
from stages.dialogue.causal import find_model_folder
from stages.dialogue.default_backend import choose_backend as choose_dialogue
from stages.dialogue.stage import STAGE as DIALOGUE
from stages.groom.stage import STAGE as GROOM
from stages.identity.stage import STAGE as GENERATED
from stages.model.stage import STAGE as MODEL
from stages.motion.stage import STAGE as MOTION
from stages.package.stage import STAGE as PACKAGE
from stages.performance.presence import STAGE as PRESENCE
from stages.performance.stage import STAGE as PERFORMANCE
from stages.preview.stage import STAGE as PREVIEW
from stages.retarget.stage import STAGE as RETARGET
from stages.stage import Stage
from stages.texture.stage import STAGE as TEXTURE
from stages.verify.stage import STAGE as VERIFY
from stages.voice.default_voice import resolve_voice
from stages.voice.stage import STAGE as VOICE

# One GAN at a time on a GPU: where a stage runs is this floor's affair.
IDENTITY_ON_GPU = replace(GENERATED, gpu=True)

STAGES: dict[str, Stage[Any]] = {
    stage.name: stage
    for stage in (
        IDENTITY_ON_GPU, BODY, TEXTURE, GROOM, MODEL, MOTION, RETARGET, PRESENCE, PREVIEW, DIALOGUE, VOICE, PERFORMANCE, PACKAGE, VERIFY,
    )
}  # fmt: skip

R = TypeVar("R")
S = TypeVar("S", bound=Section)


class PipelineWalker(Protocol[R]):
    """What walks the line: submits a task, or only works out a key."""

    def __call__(
        self, stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None, **inputs: R
    ) -> R:
        """The stage's result, in whatever form this walker passes on."""


def walk_pipeline(step: PipelineWalker[R], spec: AvatarSpec) -> dict[str, R]:
    """Stage name -> result of the whole line, from spec to verified package."""
    thinks = choose_dialogue(spec.persona.language)
    identity = step(IDENTITY_ON_GPU, spec.identity, backend=spec.identity.backend)
    body = step(BODY, spec.body, backend=spec.body.backend, identity=identity)
    texture = step(TEXTURE, spec.texture, identity=identity, body=body)
    groom = step(GROOM, spec.groom, body=body)
    motion = step(MOTION, spec.motion)
    moved = step(RETARGET, spec.retarget, motion=motion, body=body)
    dialogue = step(DIALOGUE, spec.persona, backend=spec.persona.backend or thinks, extra={"name": spec.name})
    speech = step(VOICE, spec.voice, backend=resolve_voice(spec), dialogue=dialogue)
    alive = step(PRESENCE, spec.performance, motion=moved)
    performance = step(PERFORMANCE, spec.performance, dialogue=dialogue, speech=speech, motion=alive)
    model = step(MODEL, spec.package, body=body, texture=texture, groom=groom)
    previews = step(PREVIEW, spec.package, model=model, motion=alive)
    parts: dict[str, Any] = {"model": model, "previews": previews, "performance": performance, "dialogue": dialogue, "speech": speech}
    package = step(PACKAGE, spec.package, extra={"rights": spec.rights, "name": spec.name}, **parts)
    verdict = step(VERIFY, spec.package, package=package)
    return {
        "identity": identity, "body": body, "texture": texture, "groom": groom, "model": model, "motion": motion, "retarget": moved,
        "presence": alive, "preview": previews, "dialogue": dialogue, "voice": speech, "performance": performance,
        "package": package, "verify": verdict,
    }  # fmt: skip


def resolve_media_paths(options: Section, folder: Path) -> Section:
    """The options with the paths of media files and model folders made absolute."""
    if isinstance(options, MotionSpec):
        return options.model_copy(update={"clips": tuple(_make_paths_absolute(clip, ("video", "bvh"), folder) for clip in options.clips)})
    if isinstance(options, VoiceSpec):
        return _make_paths_absolute(options, ("model",), folder)
    # What is no folder beside the spec is a model's id.
    if isinstance(options, PersonaSpec) and options.model and (folder / options.model).is_dir():
        return _make_paths_absolute(options, ("model",), folder)
    return options


def find_media(options: Section) -> Iterator[tuple[str, Path]]:
    """(name, path) of every file and folder that resolved options name."""
    if isinstance(options, MotionSpec):
        for clip in options.clips:
            for kind in ("video", "bvh"):
                if path := getattr(clip, kind):
                    yield f"{clip.name}.{kind}", Path(path)
    model = getattr(options, "model", None)
    if model and (place := find_model_folder(model)):
        yield "model", place


def _make_paths_absolute(options: S, names: Iterable[str], folder: Path) -> S:
    return options.model_copy(update={name: str((folder / value).resolve()) for name in names if (value := getattr(options, name))})
