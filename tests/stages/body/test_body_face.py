"""Age and weight in the face: what the model's axes leave out, and nothing for the average adult."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Image
from assets.conventions import LID_EDGES, LIP_VERTICES, SKIN_VERTICES
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from stages.body.lips import close_lips
from stages.body.phenotype import compute_soft_tissue, resolve_local_changes, to_age_axis
from stages.body.stage import BACKENDS
from stages.body.stage import run as make_body
from stages.identity.latents import draw_latent
from stages.identity.stage import derive_face_changes, load_face_change_names

FLAT = Image(np.zeros((1, 1, 3), np.uint8))


def make_identity(age: float = 30.0) -> Identity:
    return Identity(np.zeros(1, np.float32), FLAT, FLAT, age, 1.0, 0.4, {"l-cheek-volume-incr": 0.2})


def test_the_average_adult_has_the_models_own_face() -> None:
    assert compute_soft_tissue(30, 0.5, 1.0) == {}
    assert compute_soft_tissue(45, 0.0, 0.0) == {}


def test_traces_of_age_grow_with_the_years_and_a_double_chin_with_the_weight() -> None:
    cheeks = [compute_soft_tissue(years, 0.5, 1.0).get("l-cheek-volume-incr", 0.0) for years in (45, 60, 75, 90)]
    assert cheeks == sorted(cheeks, reverse=True)
    assert cheeks[-1] < -0.4
    chins = [compute_soft_tissue(30, weight, 1.0).get("neck-double-incr", 0.0) for weight in (0.5, 0.7, 0.85, 1.0)]
    assert chins == sorted(chins)
    assert chins[-1] > 0.6


def test_age_and_weight_are_added_to_the_identitys_face_and_the_spec_decides() -> None:
    known = ["l-cheek-volume-incr", "neck-double-incr"]
    old = resolve_local_changes(make_identity(90), BodySpec(), known)
    assert old["l-cheek-volume-incr"] == pytest.approx(0.2 - 0.55)
    given = BodySpec(weight=1.0, local={"neck-double-incr": 0.1})
    assert resolve_local_changes(make_identity(), given, known)["neck-double-incr"] == 0.1
    by_body_age = resolve_local_changes(make_identity(30), BodySpec(age=to_age_axis(90)), known)
    assert by_body_age["l-cheek-volume-incr"] == pytest.approx(0.2 - 0.55)


def find_chin(body: Body) -> float:
    """Metres from the back of the neck to the front of the throat, 6 cm below the mouth."""
    skin = body.positions[:SKIN_VERTICES]
    height = float(body.eye_centres[0, 1]) - 0.135
    ring = skin[(np.abs(skin[:, 1] - height) < 0.006) & (np.abs(skin[:, 0]) < 0.01)]
    return float(np.ptp(ring[:, 2]))


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")
def test_a_heavy_person_has_a_double_chin() -> None:
    heavy, plain = BodySpec(weight=1.0), BodySpec(weight=1.0, local={"neck-double-incr": 0.0, "head-fat-incr": 0.0})
    chins = [find_chin(make_body(make_identity(), options=options, backend=BACKENDS.get(), seed=0)) for options in (heavy, plain)]
    assert chins[0] > chins[1] + 0.005


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")
def test_a_blink_is_mirrored() -> None:
    body = make_body(make_identity(), options=BodySpec(local={"l-cheek-volume-incr": 0.0}), backend=BACKENDS.get(), seed=0)
    places = {}
    for side in LID_EDGES:
        closed = body.positions.copy()
        blink = next(morph for morph in body.morphs if morph.name == f"eyeBlink{side}")
        closed[blink.indices] += blink.deltas
        places[side] = closed[list(LID_EDGES[side][0])]
    assert np.abs(places["Left"] - places["Right"] * (-1, 1, 1)).max() < 2e-4


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")
@pytest.mark.parametrize("seed", [601, 605, 611])
def test_lips_meet_at_rest_and_keep_their_corners(seed: int) -> None:
    """Seed 605 had a dark line of 1.7 mm between its lips."""
    face = derive_face_changes(draw_latent(seed, 64), load_face_change_names(), 1.0)
    shape = BACKENDS.get().evaluate({}, {name: value for name, value in face.items() if value})
    closed = close_lips(shape.positions, shape.actions)
    upper, lower, corner = (LIP_VERTICES[name] for name in ("upper", "lower", "corner"))
    assert closed[upper, 1] - closed[lower, 1] < 0.0007
    assert np.abs(closed[corner] - shape.positions[corner]).max() < 1e-4
    # Nose, chin and everything inside the body stay.
    moved = np.abs(closed - shape.positions).max(1) > 1e-4
    assert np.linalg.norm(shape.positions[moved] - shape.positions[upper], axis=1).max(initial=0) < 0.05
