"""IdentitySpec to Identity: one latent gives the skin and the face that belongs to it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Floats, Image
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path, wrap_read_errors
from assets.rights import Source
from assets.spec.appearance import IdentitySpec
from assets.weights import describe_weights
from stages.identity.backend import BACKENDS, IdentityBackend
from stages.stage import Stage

ASYMMETRY = 0.06
# Standard deviation of a local change at variety 1, by the first name that fits: how far each may go before a face looks
# drawn rather than born, judged on sheets of sixteen seeds. What shifts a whole part sideways is asymmetry; the years have an axis of
# their own.
CHANGE_DEVIATIONS = (
    ("head-age", 0.0), ("mouth-trans-out", ASYMMETRY), ("nose-trans-out", ASYMMETRY), ("head-trans-out", 0.0), ("head-angle", 0.15),
    ("head-scale", 0.25), ("head-fat", 0.25), ("head-", 0.25), ("chin-", 0.35), ("ear-", 0.3), ("eyebrows-", 0.3), ("eye-", 0.32),
    ("mouth-", 0.36), ("", 0.42),
)  # fmt: skip
# The model's mean face looks stern: brows a little less drawn together, corners of the mouth a little higher.
RESTING_CHANGES = {"eyebrows-angle-up": 0.3, "mouth-angles-up": 0.25}
LATENT_LIMIT = 2.0


def draw_latent(seed: int, size: int) -> Floats:
    """(size,) standard normal, cut at two deviations: beyond them the generator has seen too little."""
    values = np.random.default_rng(seed).standard_normal(size)
    latent: Floats = np.clip(values, -LATENT_LIMIT, LATENT_LIMIT).astype(np.float32)
    return latent


def interpolate_latents(first: Floats, second: Floats, share: float) -> Floats:
    """(n,) the latent at `share` (0..1) of the way from one (n,) to the other along the great circle, lengths in between as well.

    Straight lines pass near the origin, where a Gaussian of many dimensions has next to no mass (White 2016).
    """
    lengths = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    a, b = first / lengths[0], second / lengths[1]
    angle = float(np.arccos(np.clip(a @ b, -1, 1)))
    if angle < 1e-4:
        return np.asarray(first + share * (second - first), np.float32)
    on_circle = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    return np.asarray(on_circle * (lengths[0] + share * (lengths[1] - lengths[0])), np.float32)


def _project_to_scalar(latent: Floats, word: str) -> float:
    """A standard normal number that depends on the latent and a word only."""
    key = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    direction = np.random.default_rng(key).standard_normal(len(latent))
    return float(direction @ latent / np.linalg.norm(direction))


def derive_face_changes(latent: Floats, names: list[str], variety: float) -> dict[str, float]:
    """Local change -> -1..1; left and right ("l-", "r-") move alike but for a little."""
    values = {}
    for name in names:
        folder, _, leaf = name.rpartition("/")
        paired = leaf.startswith(("l-", "r-"))
        common = _project_to_scalar(latent, f"{folder}/{leaf[2:]}" if paired else name)
        own = ASYMMETRY * _project_to_scalar(latent, f"own {name}") if paired else 0.0
        spread = next(value for part, value in CHANGE_DEVIATIONS if part in leaf)
        values[name] = round(float(np.clip((common + own) * spread * variety + RESTING_CHANGES.get(leaf, 0.0), -1, 1)), 4)
    return values


def _load_face_change_names() -> list[str]:
    """Names of the face's local changes that the baked body knows."""
    file = get_baked_path("face_changes.json")
    if not file.exists():
        raise BackendError(Finding("identity/unbaked", f"{file.name} is missing", fix="run `make bake`"))
    with wrap_read_errors(file):
        names: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return names


def _build_source(name: str, digest: str) -> Source:
    """The backend's weights with the terms of what they were trained on."""
    told = describe_weights(f"skin-{name}", digest, committed_data="20 CC0 MakeHuman skins")
    return replace(told, origin=f"{told.origin} sha256 {digest}")


def run(*, options: IdentitySpec, backend: IdentityBackend, seed: int) -> Identity:
    """Who this is, from the spec's seed (the avatar's without one)."""
    latent = draw_latent(seed if options.seed is None else options.seed, backend.latent)
    if options.mix:
        latent = interpolate_latents(latent, draw_latent(options.mix.seed, backend.latent), options.mix.share)
    head, body = backend.generate_skin(latent, age=options.age, gender=options.gender, tone=options.tone)
    made = tuple(_build_source(backend.name, digest) for digest in list(backend.weights().values()) or [""])
    face = derive_face_changes(latent, _load_face_change_names(), options.variety)
    return Identity(latent, Image(head), Image(body), float(options.age), options.gender, options.tone, face, made)


STAGE: Stage[Identity] = Stage("identity", 4, run, makes=Identity, backends=BACKENDS)
