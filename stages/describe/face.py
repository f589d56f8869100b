"""Round, oval, long and square faces: the local changes that make one, and the measure by which a built face is one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Floats
from assets.spec.appearance import BodySpec
from stages.describe.field_values import Fields, get_field, get_local

# Vertices of the hm08 base mesh, chosen on the average adult.
_HAIRLINE, _MENTON = 5243, 991
_CHEEKS, _JAW = (12342, 5745), (7459, 739)
_CHIN_ABOVE_MENTON_M, _CHIN_DEPTH_M = 0.012, 0.10
_MEAN_LENGTH = (1.224, 0.071)
"""Height over width of the face: women's mean, and what men's is more; means of 40 seeds each at variety 0.6, deviation 0.045."""
_LONG, _SHORT, _BROAD_CHIN = 0.1, -0.08, 1.284
_REFERENCE_AGE = 30.0
"""Years at which a face is measured, with the mean weight: a face stays long or round while its owner gets older or heavier."""
_PAIRED = ("cheek-volume-incr", "cheek-inner-incr")
SHAPES: Mapping[str, Mapping[str, float]] = {
    "round": {
        "head-scale-horiz-incr": 0.42, "head-scale-vert-incr": -0.32, "head-fat-incr": 0.5, "cheek-volume-incr": 0.25,
        "chin-height-incr": -0.3, "chin-bones-incr": -0.5, "chin-width-incr": -0.2,
    },
    "oval": {
        "head-scale-horiz-incr": -0.02, "head-scale-vert-incr": 0.04, "head-fat-incr": 0.0, "chin-bones-incr": -0.35,
        "chin-width-incr": -0.3, "chin-height-incr": 0.03, "forehead-scale-vert-incr": 0.0,
    },
    "long": {
        "head-scale-horiz-incr": -0.24, "head-scale-vert-incr": 0.22, "head-fat-incr": -0.15, "cheek-volume-incr": -0.2,
        "chin-height-incr": 0.3, "forehead-scale-vert-incr": 0.2,
    },
    "square": {
        "head-scale-horiz-incr": 0.12, "head-scale-vert-incr": -0.04, "head-fat-incr": 0.4, "cheek-volume-incr": -0.2,
        "chin-bones-incr": 0.8, "chin-width-incr": 0.75, "chin-height-incr": 0.0, "chin-jaw-drop-incr": 0.1,
    },
}  # fmt: skip
"""Face -> local changes, which replace those of the identity; cheeks for both sides."""


def build_face_changes(shape: str, rng: np.random.Generator) -> dict[str, float]:
    """The local changes of a face of this shape, each a little more or less."""
    found: dict[str, float] = {}
    for name, amount in SHAPES[shape].items():
        value = round(float(np.clip(amount * rng.uniform(0.92, 1.1), -1, 1)), 3)
        found |= dict.fromkeys((f"l-{name}", f"r-{name}"), value) if name in _PAIRED else {name: value}
    return found


def classify_face(fields: Fields, seed: int) -> str:
    """round, oval, long or square: measured on the head that these fields and this seed build; by the fields alone if none is baked."""
    local = get_local(fields)
    gender = float(get_field(fields, "identity.gender"))
    head = _evaluate_head(fields, seed, local)
    if head is None:
        return next((shape for shape in ("round", "long", "square") if _follows(local, shape)), "oval")
    return classify_head(head, gender)


def classify_head(positions: Floats, gender: float) -> str:
    """The shape of a face of the base mesh at this gender, 0 female .. 1 male; positions (v, 3) in metres, +Y up."""
    length, jaw = measure_face(positions)
    longer = length - _MEAN_LENGTH[0] - _MEAN_LENGTH[1] * gender
    if abs(longer - (_LONG + _SHORT) / 2) > (_LONG - _SHORT) / 2:
        return "long" if longer > 0 else "round"
    return "square" if jaw > _BROAD_CHIN else "oval"


def measure_face(positions: Floats) -> tuple[float, float]:
    """Height from chin to hairline, and the widths of jaw and chin together, both over the width at the cheekbones."""

    def measure_width(pair: tuple[int, int]) -> float:
        return float(positions[pair[0], 0] - positions[pair[1], 0])

    height = float(positions[_HAIRLINE, 1] - positions[_MENTON, 1])
    cheeks = measure_width(_CHEEKS)
    return height / cheeks, (measure_width(_find_chin()) + measure_width(_JAW)) / cheeks


@lru_cache(maxsize=1)
def _find_chin() -> tuple[int, int]:
    """The widest vertices of the chin, a finger above its lowest point, on the model's mean head."""
    from stages.body.anny import Anny

    mean = Anny().evaluate({}, {}).positions
    level = mean[_MENTON, 1] + _CHIN_ABOVE_MENTON_M
    near: NDArray[np.int64] = np.flatnonzero((np.abs(mean[:, 1] - level) < 0.005) & (mean[:, 2] > _CHIN_DEPTH_M))
    near = near[near < 13380]
    return int(near[np.argmax(mean[near, 0])]), int(near[np.argmin(mean[near, 0])])


def _evaluate_head(fields: Fields, seed: int, local: Mapping[str, float]) -> Floats | None:
    """(v, 3) the person of these fields at thirty with the mean build, at rest; None where no body model has these changes."""
    from assets.errors import FenshenError
    from stages.body.anny import Anny
    from stages.body.phenotype import resolve_local_changes, resolve_phenotype
    from stages.identity.backend import IDENTITY_LATENT_SIZE
    from stages.identity.latents import draw_latent
    from stages.identity.stage import derive_face_changes, load_face_change_names

    model = Anny()
    if model.unavailable_reason():
        return None
    own = fields.get("identity.seed")
    latent = draw_latent(seed if own is None else int(own), IDENTITY_LATENT_SIZE)
    gender, tone = (float(get_field(fields, f"identity.{name}")) for name in ("gender", "tone"))
    options = BodySpec(local=dict(local))
    try:
        face = derive_face_changes(latent, load_face_change_names(), float(get_field(fields, "identity.variety")))
        identity = cast(Identity, SimpleNamespace(latent=latent, gender=gender, age=_REFERENCE_AGE, tone=tone, face=face))
        axes, _ = resolve_phenotype(identity, options)
        return model.evaluate(axes, resolve_local_changes(identity, options, model.list_changes())).positions
    except FenshenError:
        return None


def _follows(local: Mapping[str, float], shape: str) -> bool:
    """Whether the changes are those of the shape."""
    wide = SHAPES[shape]["head-scale-horiz-incr"]
    return abs(local.get("head-scale-horiz-incr", 0.0) - wide) < 0.1 * max(abs(wide), 0.3)
