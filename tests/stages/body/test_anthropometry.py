"""Body measurements: those of people are within the limits, impossible ones are named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.body.anny import BODY_FILE, Anny
from stages.body.anthropometry import BodyMeasurements, compute_enclosed_volume, find_limit_violations, measure_body
from stages.body.phenotype import to_age_axis

needs_bake = pytest.mark.skipif(not get_baked_path(BODY_FILE).exists(), reason="the body model is missing: run `fenshen bake`")
MAN = BodyMeasurements(height=1.76, bmi=23, leg=0.52, arm=0.29, head=0.147, shoulders=0.2, shin=1.15, forearm=0.89, asymmetry=0)


def measure_anny(years: float, gender: float = 0.5, local: dict[str, float] | None = None, **axes: float) -> BodyMeasurements:
    return measure_body(Anny().evaluate({"age": to_age_axis(years), "gender": 1 - gender, **axes}, local or {}))


def test_the_volume_of_a_box_does_not_depend_on_position_or_winding() -> None:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], np.float32)
    from scipy.spatial import ConvexHull

    hull = ConvexHull(corners)
    outward = np.array([t if np.cross(corners[t[1]] - corners[t[0]], corners[t[2]] - corners[t[0]]) @ (corners[t[0]] - corners.mean(0)) > 0
                        else t[::-1] for t in hull.simplices], np.int32)  # fmt: skip
    assert compute_enclosed_volume(corners, outward) == pytest.approx(6)
    assert compute_enclosed_volume(corners + 5, outward[:, ::-1]) == pytest.approx(6, rel=1e-4)


@needs_bake
@pytest.mark.parametrize("years", [1, 6, 11, 18, 40, 80])
@pytest.mark.parametrize("gender", [0.0, 1.0])
def test_average_people_of_every_age_are_possible(years: float, gender: float) -> None:
    assert find_limit_violations(measure_anny(years, gender, height=0.45), years, gender) == ()


@needs_bake
def test_an_average_adult_measures_like_one() -> None:
    found = measure_anny(30)
    assert 19 < found.bmi < 27
    assert 0.49 < found.leg < 0.55
    assert found.asymmetry < 0.01


@needs_bake
def test_a_higher_weight_raises_the_body_mass_index_and_a_higher_height_the_stature() -> None:
    assert measure_anny(30, weight=0.1).bmi < measure_anny(30, weight=0.5).bmi < measure_anny(30, weight=0.9).bmi
    assert measure_anny(30, height=0.2).height < measure_anny(30, height=0.8).height


@needs_bake
def test_a_child_as_tall_as_a_man_is_named() -> None:
    violations = find_limit_violations(measure_anny(40, 1.0), 6, 1.0)
    assert "height" in [violation.measure for violation in violations]


@needs_bake
def test_one_long_arm_is_named() -> None:
    shape = Anny().evaluate({}, {})
    heads, hand, elbow = shape.heads.copy(), shape.names.index("LeftHand"), shape.names.index("LeftForeArm")
    heads[hand] += 0.2 * (heads[hand] - heads[elbow])
    violations = find_limit_violations(measure_body(replace(shape, heads=heads)), 30, 0.5)
    assert [violation.measure for violation in violations] == ["asymmetry"]


@pytest.mark.parametrize(
    ("measure", "value", "sentence"),
    [
        ("height", 2.3, "height 2.30 is outside 1.41 to 2.11"),
        ("bmi", 9, "bmi 9.00 is outside 12.00 to 55.00"),
        ("head", 0.3, "head 0.30 is outside 0.11 to 0.18"),
        ("leg", 0.8, "leg 0.80 is outside 0.46 to 0.60"),
        ("shin", 3.0, "shin 3.00 is outside 0.70 to 1.60"),
    ],
)
def test_a_measurement_outside_its_limits_is_named_with_them(measure: str, value: float, sentence: str) -> None:
    assert find_limit_violations(MAN, 30, 1.0) == ()
    (violation,) = find_limit_violations(replace(MAN, **{measure: value}), 30, 1.0)
    assert str(violation) == sentence
