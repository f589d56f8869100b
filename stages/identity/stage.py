"""IdentitySpec to Identity: one latent determines both the skin and the shape of the face."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.artefacts.character import FACE_AXIS, FACE_ORIGIN, Identity
from assets.artefacts.geometry import Floats, Image
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path, wrap_read_errors
from assets.rights import Source
from assets.spec.appearance import IdentitySpec
from assets.weights import describe_weights
from stages.identity.backend import BACKENDS, IdentityBackend
from stages.identity.people import combine_people
from stages.origins import derive_origins
from stages.stage import Stage

ASYMMETRY = 0.06
# Standard deviation of a local change at variety 1, by the first fragment that is in its name: as large as looks natural on sheets
# of sixteen seeds. Changes that shift a whole part sideways get the asymmetry only; head-age gets none, because age has its own axis.
CHANGE_DEVIATIONS = (
    ("head-age", 0.0), ("mouth-trans-out", ASYMMETRY), ("nose-trans-out", ASYMMETRY), ("head-trans-out", 0.0), ("head-angle", 0.15),
    ("head-scale", 0.25), ("head-fat", 0.25), ("head-", 0.25), ("chin-", 0.35), ("ear-", 0.3), ("eyebrows-", 0.3), ("eye-", 0.32),
    ("mouth-", 0.36), ("", 0.42),
)  # fmt: skip
# The model's mean face looks stern: the brows are relaxed and raised a little, and so are the corners of the mouth.
RESTING_CHANGES = {"eyebrows-angle-up": 0.4, "eyebrows-trans-up": 0.1, "mouth-angles-up": 0.3}
TENSE_SHARE = 0.4
"""Of a draw below these: a low inner brow or a low corner of the mouth is read as a mood, not as a feature. Of seeds 1 to 32 seven had
inner brows less than 8 mm above the lid or level with the outer ones."""
TONE_AXIS = "tone"
"""An axis of the identity itself: a darker or lighter skin on the same shape, where the field `tone` changes the origin too."""
TONE_AT_ONE = 0.4


def _project_to_scalar(latent: Floats, text: str) -> float:
    """A standard normal number: the latent's projection on a direction that the text determines."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    direction = np.random.default_rng(seed).standard_normal(len(latent))
    return float(direction @ latent / np.linalg.norm(direction))


def derive_face_changes(latent: Floats, names: list[str], variety: float) -> dict[str, float]:
    """Local change -> -1..1; left and right ("l-", "r-") differ only by the asymmetry."""
    values = {}
    for name in names:
        folder, _, leaf = name.rpartition("/")
        paired = leaf.startswith(("l-", "r-"))
        common = _project_to_scalar(latent, f"{folder}/{leaf[2:]}" if paired else name)
        # This text is hashed: another one gives every identity another face.
        asymmetry = ASYMMETRY * _project_to_scalar(latent, f"own {name}") if paired else 0.0
        deviation = next(value for part, value in CHANGE_DEVIATIONS if part in leaf)
        draw = (common + asymmetry) * deviation * variety
        draw *= TENSE_SHARE if leaf in RESTING_CHANGES and draw < 0 else 1.0
        values[name] = round(float(np.clip(draw + RESTING_CHANGES.get(leaf, 0.0), -1, 1)), 4)
    return values


def load_face_change_names() -> list[str]:
    """Names of the baked body's local changes of the face; raises BackendError if it is not baked."""
    file = get_baked_path("face_changes.json")
    if not file.exists():
        raise BackendError(Finding("identity/unbaked", f"{file.name} is missing", fix="run `fenshen bake`"))
    with wrap_read_errors(file):
        names: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return names


def _build_source(name: str, digest: str) -> Source:
    """A backend's weights with the terms of what they were trained on."""
    source = describe_weights(f"skin-{name}", digest, committed_data="20 CC0 MakeHuman skins")
    return replace(source, origin=f"{source.origin} sha256 {digest}")


def run(*, options: IdentitySpec, backend: IdentityBackend, seed: int) -> Identity:
    """The identity of the spec's own seed, or else of the avatar's seed, with the people that it is mixed of or a child of.

    Raises:
        SpecError: the spec file of one of these people is wrong.
    """
    traits = combine_people(options, seed, Path(), backend.latent_size)
    latent = traits.latent
    tone = float(np.clip(options.tone + TONE_AT_ONE * traits.axes.get(TONE_AXIS, 0), 0, 1))
    head, body = backend.generate_skin(latent, age=options.age, gender=options.gender, tone=tone)
    sources = tuple(_build_source(backend.name, digest) for digest in list(backend.weights().values()) or [""])
    face = derive_face_changes(latent, load_face_change_names(), options.variety)
    face |= {FACE_AXIS + name: value for name, value in traits.axes.items() if name != TONE_AXIS}
    origins = traits.origins or (derive_origins(options.tone, latent) if tone != options.tone else {})
    face |= {FACE_ORIGIN + name: share for name, share in origins.items()}
    return Identity(latent, Image(head), Image(body), float(options.age), options.gender, tone, face, sources)


STAGE: Stage[Identity] = Stage("identity", 5, run, makes=Identity, backends=BACKENDS)
