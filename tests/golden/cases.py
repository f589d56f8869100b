"""A small input for every stage; most are made by hand, so that a change of one stage does not change the golden result of another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from assets.artefact import Artefact
from assets.artefacts.character import Body, Identity, Model, Previews
from assets.artefacts.geometry import Image
from assets.artefacts.motion import Clip, Motion
from assets.bundle import BundleFile, Package
from assets.conventions import BASE_VERTICES, JOINTS
from assets.formats.image import encode_jpeg
from assets.rotation import from_axis_angle
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, TextureSpec
from assets.spec.behaviour import MotionSpec, PerformanceSpec, RetargetSpec, VoiceSpec
from assets.spec.packaging import PackageSpec
from assets.spec.read import read_spec
from flows.pipeline.definition import STAGES
from stages.motion.canonical_skeleton import build_canonical_skeleton
from tests.stages import small_character as small
from tests.stages.verify import tiny

SEED = 7
PACKAGE = PackageSpec(turntable=False)
EXACT, CLOSE, RENDERED = 1e-3, 5e-3, 2e-2
"""Tolerances: geometry in float32; decisions that rounding may tip, such as a key frame; pictures, which depend on the GL driver."""


@dataclass(frozen=True)
class Case:
    """How a stage's golden result is made, and how far it may be off."""

    run: Callable[[], Artefact]
    tolerance: float = EXACT
    """Largest difference of a number, relative to the largest number of its field."""
    upstream: tuple[str, ...] = ()
    """Stages that make the input: with a new version of theirs the golden result is out of date."""


def run_stage(name: str, *, backend: str | None = None, options: Any, extra: dict[str, Any] | None = None, **inputs: Artefact) -> Artefact:
    """The stage's result on these inputs, as the executor runs it."""
    stage = STAGES[name]
    chosen = {"backend": stage.backends.get(backend)} if stage.backends else {}
    result: Artefact = stage.run(**inputs, **chosen, options=options, seed=SEED, **(extra or {}))
    return result


def make_identity() -> Identity:
    """A person with plain gradients for skin and two changes of the face."""
    ramp = np.mgrid[0:128, 0:128].sum(0, dtype=np.float64)[..., None] / 254
    skin = (np.array([150, 110, 90]) + 60 * ramp).astype(np.uint8)
    face = {"nose-hump-incr": 0.4, "chin-width-incr": -0.3}
    return Identity(np.linspace(-1, 1, 64, dtype=np.float32), Image(skin), Image(skin[::-1].copy()), 41.0, 0.8, 0.5, face)


@lru_cache(maxsize=1)  # of two cases
def make_model() -> Model:
    model = run_stage("model", body=small.body(), texture=small.texture(), groom=small.groom(), options=PACKAGE)
    assert isinstance(model, Model)
    return model


def make_body() -> Body:
    body = run_stage("body", identity=make_identity(), options=BodySpec())
    assert isinstance(body, Body)
    return body


def make_motion() -> Motion:
    """Two seconds of swaying on the canonical skeleton: it moves hips, legs and one arm, and leaves the face alone."""
    times = np.arange(61, dtype=np.float32) / 30
    rotations = np.zeros((len(times), len(JOINTS), 4), np.float32)
    rotations[..., 3] = 1
    for joint, degrees in (("Hips", 4), ("LeftUpLeg", 12), ("LeftLeg", 20), ("RightArm", 60)):
        angle = np.radians(degrees) * np.sin(np.pi * times / 2) ** 2
        rotations[:, JOINTS.index(joint)] = from_axis_angle((0.2, 0.3, 1), angle)
    root = np.stack([0.05 * np.sin(np.pi * times), -0.02 * np.ones_like(times), 0 * times], 1).astype(np.float32)
    return Motion(build_canonical_skeleton(), (Clip("idle", times, rotations, root, np.zeros((len(times), 0), np.float32)),))


def make_previews() -> Previews:
    return Previews({"portrait.jpg": encode_jpeg(make_identity().head)})


def make_package() -> Package:
    files = tuple(BundleFile(path, data, "", "", "MIT", ("tests",)) for path, data in sorted(tiny.bundle().files.items()))
    return Package(files, "web", 1)


def run_verify() -> Artefact:
    """Without node, Chromium and Blender: the verdict must not depend on what is installed."""
    with patch.dict(os.environ, PATH="", FENSHEN_BLENDER=""):
        return run_stage("verify", package=make_package(), options=PACKAGE)


def run_dialogue() -> Artefact:
    spec = read_spec(str(Path(__file__).resolve().parents[1] / "data" / "tiny.yaml")).spec
    return run_stage("dialogue", backend="overlap", options=spec.persona, extra={"name": spec.name})


CASES: dict[str, Case] = {
    "identity": Case(lambda: run_stage("identity", options=IdentitySpec()), RENDERED),
    "body": Case(make_body),
    "texture": Case(
        lambda: run_stage(
            "texture", identity=make_identity(), options=TextureSpec(size=512, freckles=0.5),
            body=replace(small.body(), positions=np.zeros((BASE_VERTICES, 3), np.float32)),
        ), CLOSE,
    ),
    "groom": Case(lambda: run_stage("groom", body=make_body(), options=GroomSpec()), CLOSE, upstream=("body",)),
    "model": Case(make_model),
    "motion": Case(lambda: run_stage("motion", options=MotionSpec(fps=10))),
    "retarget": Case(
        lambda: run_stage("retarget", motion=make_motion(), options=RetargetSpec(),
                          body=replace(small.body(), skeleton=build_canonical_skeleton()))
    ),
    "presence": Case(lambda: run_stage("presence", motion=make_motion(), options=PerformanceSpec())),
    "preview": Case(
        lambda: run_stage("preview", model=make_model(), motion=small.motion(), options=PACKAGE), RENDERED, upstream=("model",),
    ),
    "dialogue": Case(run_dialogue),
    "voice": Case(lambda: run_stage("voice", backend="hibari", dialogue=small.dialogue(), options=VoiceSpec()), RENDERED),
    "performance": Case(
        lambda: run_stage(
            "performance", dialogue=small.dialogue(), speech=small.speech(), motion=make_motion(), options=PerformanceSpec()
        )
    ),
    "package": Case(
        lambda: run_stage(
            "package", model=make_model(), previews=make_previews(), performance=small.performance(), dialogue=small.dialogue(),
            speech=small.speech(), options=PACKAGE,
        ), RENDERED, upstream=("model",),
    ),
    "verify": Case(run_verify),
}  # fmt: skip
"""Stage -> its case."""
