"""Old people stoop, hold their face level and are as tall as the spec says; weight shows at waist and hips as published means have it."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from bench.bodies import PUBLISHED, make_shape
from stages.body.anthropometry import measure_body, measure_girths
from stages.body.stage import BACKENDS
from stages.body.stage import run as make_body
from stages.body.stoop import bend_back, compute_stoop
from tests.stages.body.test_body_face import make_identity

needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")


@pytest.mark.parametrize(("years", "degrees"), [(18, 0), (48, 0), (65, 9.5), (82, 19), (90, 19)])
def test_a_back_bends_from_the_fifth_decade_on(years: float, degrees: float) -> None:
    assert compute_stoop(years) == pytest.approx(degrees, abs=0.01)


def measure_lean(heads: Floats, names: tuple[str, ...]) -> float:
    """Degrees by which the upper back leans forward."""
    low, high = (heads[names.index(name)] for name in ("Spine2", "Neck"))
    return float(np.degrees(np.arctan2(high[2] - low[2], high[1] - low[1])))


@needs_body
def test_the_upper_back_leans_and_the_head_only_moves() -> None:
    straight = make_shape(1.0, 0.5, 85.0)
    bent = bend_back(straight, 85.0)
    assert measure_lean(bent.heads, bent.names) - measure_lean(straight.heads, straight.names) == pytest.approx(19.0, abs=0.5)
    head = straight.skin.weights[:, 0] > 0.999
    head &= np.array([name == "Head" for name in straight.names])[straight.skin.joints[:, 0]]
    moves = (bent.positions - straight.positions)[head]
    assert moves.std(0).max() < 1e-4
    assert 0.02 < moves[:, 2].mean() < 0.12


@needs_body
def test_the_young_are_left_alone() -> None:
    shape = make_shape(0.0, 0.5, 30.0)
    assert bend_back(shape, 30.0) is shape


@needs_body
def test_who_stoops_is_as_tall_as_the_spec_says() -> None:
    body = make_body(make_identity(85.0), options=BodySpec(), backend=BACKENDS.get(), seed=0)
    assert body.phenotype["height_m"] == pytest.approx(1.7255, abs=0.003)
    assert len(body.skeleton.names) == len(JOINTS)


@needs_body
@pytest.mark.parametrize(("source", "who", "bmi", "waist"), [row[:4] for row in PUBLISHED[:3]])
def test_the_waist_follows_the_body_mass_index_as_published_means_do(source: str, who: str, bmi: float, waist: float) -> None:
    shapes = [make_shape(float(who == "men"), weight) for weight in (0.5, 0.7, 0.85, 1.0)]
    ours = np.interp(bmi, [measure_body(shape).bmi for shape in shapes], [100 * measure_girths(shape).waist for shape in shapes])
    assert ours == pytest.approx(waist, abs=5), source


@needs_body
def test_heavy_men_gain_at_the_belly_and_heavy_women_at_the_hips_too() -> None:
    ratios = {}
    for gender in (0.0, 1.0):
        lean, heavy = (measure_girths(make_shape(gender, weight)) for weight in (0.5, 1.0))
        assert heavy.waist > lean.waist + 0.15
        assert heavy.hips > lean.hips + 0.08
        ratios[gender] = heavy.waist / heavy.hips
    assert ratios[1.0] > ratios[0.0] + 0.05
