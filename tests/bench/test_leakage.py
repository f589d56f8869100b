"""The leakage of an axis is counted on bodies that the stage makes, also where a net proposes the build."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.artefacts.character import FACE_AXIS
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from bench.fit_axes import CENSUS_SEEDS, SOLVE_SEEDS, list_candidates, sample_person
from bench.leakage import GOAL, JUDGED_SEEDS, Leakage, format_leaks, judge_axis, make_body, measure_deviations
from stages.body.face_axes import DEVIATIONS_AT_ONE, list_axes
from stages.body.face_measures import MEASURES, measure_face
from stages.body.stage import BACKENDS, run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")]


def test_nobody_who_judges_was_solved_on() -> None:
    assert not {*JUDGED_SEEDS} & {*SOLVE_SEEDS, *CENSUS_SEEDS}


def test_an_axis_is_judged_by_its_worst_leak_of_any_person() -> None:
    people = [sample_person(seed, varied_build=True) for seed in JUDGED_SEEDS[:2]]
    found = judge_axis("ears", people, [measure_deviations(make_body(*one, {})) for one in people])
    assert found.effect == pytest.approx(DEVIATIONS_AT_ONE, rel=0.02)
    assert found.find_worst()[1] < GOAL


def test_a_leak_is_named_in_the_table() -> None:
    ratios = np.zeros((2, len(MEASURES)))
    ratios[:, list(MEASURES).index("lips")] = 1
    ratios[1, list(MEASURES).index("chin")] = -0.25
    assert "| lips | 0.0 | 25.0 | chin |" in format_leaks([Leakage("lips", ratios, 0.0)])


def test_candidates_move_one_side_like_the_other_and_nothing_sideways() -> None:
    names = list_candidates()
    assert not [name for name in names if name.startswith(("l-", "r-", "mouth-trans-out", "nose-trans-out"))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", list(BACKENDS))
def test_axes_are_the_same_whatever_proposes_the_build(name: str) -> None:
    backend = BACKENDS.get(name)
    if reason := backend.unavailable_reason():
        pytest.skip(reason)
    identity = sample_person(JUDGED_SEEDS[3])[0]
    wider = replace(identity, face=identity.face | {f"{FACE_AXIS}mouth_width": 0.5})
    plain, wide = (run(one, options=BodySpec(), backend=backend, seed=0) for one in (identity, wider))
    before, after = measure_face(plain.rest), measure_face(wide.rest)
    assert after["mouth_width"] - before["mouth_width"] == pytest.approx(0.003, rel=0.1)
    assert abs(after["nose_width"] - before["nose_width"]) < 1e-4
    assert "mouth_width" in list_axes()
