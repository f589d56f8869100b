"""The four manners on the same sound: what they change is measured and in order."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from assets.artefacts.motion import Clip
from assets.artefacts.talk import Dialogue, Line, Speech
from assets.conventions import MORPHS_67
from assets.spec.behaviour import PerformanceSpec, PersonaSpec
from bench.manners import measure_clips
from stages.performance.manner import MANNERS
from stages.performance.presence import run as present
from stages.performance.stage import run
from stages.voice.delivery import MANNERS as DELIVERIES
from tests.stages.performance.test_performance_stage import make_motion, speak

MANNER_NAMES = PersonaSpec.model_fields["manner"].annotation.__args__  # type: ignore[union-attr]


@lru_cache(maxsize=8)
def perform_lines(manner: str, emotion: str = "neutral", gesture: str = "explain") -> tuple[Clip, ...]:
    """Twelve lines of eight seconds; their seeds are those of their names."""
    lines = tuple(Line(f"fact_{number:02d}", "Mama.", "en", emotion, gesture) for number in range(12))
    speech = Speech(tuple(speak(line.id, 8.0) for line in lines), "test", True)
    motion = present(make_motion(), options=PerformanceSpec(), seed=1)
    dialogue = Dialogue("x", "en", lines, (), lines[0].id, "test", {}, manner=manner)
    performance = run(dialogue, speech, motion, options=PerformanceSpec(), seed=1)
    return tuple(clip for clip in performance.clips if clip.name.startswith("say_"))


def rank(measure: str) -> list[str]:
    """The manners, the one with the most first."""
    values = {manner: measure_clips(perform_lines(manner))[measure] for manner in MANNERS}
    return sorted(values, key=lambda manner: -values[manner])


def test_every_manner_of_a_spec_has_a_performance_and_a_delivery() -> None:
    assert set(MANNER_NAMES) == set(MANNERS) == set(DELIVERIES)


@pytest.mark.parametrize(
    ("measure", "order"),
    [
        # A formal speaker moves one hand, a calm one two, less: in all it is about the same.
        ("arms_degrees", ["lively", "warm"]),
        ("arms_degrees_a_second", ["lively", "warm"]),
        ("brows_a_second", ["lively", "warm", "formal", "calm"]),
        ("smile", ["lively", "warm", "calm", "formal"]),
    ],
)
def test_manners_differ_in_order(measure: str, order: list[str]) -> None:
    assert rank(measure)[: len(order)] == order


def test_a_lively_head_moves_most_and_a_formal_gaze_stays_most_with_the_viewer() -> None:
    assert rank("head_degrees_a_second")[:2] == ["lively", "warm"]
    assert rank("gaze_on_viewer")[0] == "formal"
    assert rank("gaze_on_viewer").index("warm") < rank("gaze_on_viewer").index("lively")


def test_the_differences_can_be_seen() -> None:
    lively, warm, calm = (measure_clips(perform_lines(manner)) for manner in ("lively", "warm", "calm"))
    assert lively["arms_degrees_a_second"] > 1.3 * warm["arms_degrees_a_second"] > 1.8 * calm["arms_degrees_a_second"]
    assert warm["smile"] > calm["smile"] + 0.05
    assert lively["brows_a_second"] > 4 * calm["brows_a_second"]


def test_no_manner_smiles_at_a_warning_and_none_makes_a_grimace() -> None:
    smile = MORPHS_67.index("mouthSmileLeft")
    for manner in MANNERS:
        assert max(float(clip.face[30:-30, smile].max()) for clip in perform_lines(manner, "serious")) < 0.05
        assert max(float(clip.face[:, smile].max()) for clip in perform_lines(manner, "happy")) < 0.8


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("gesture", ["wave", "nod", "explain", "shrug", "point"])
def test_every_gesture_starts_and_ends_at_rest_without_a_jump(manner: str, gesture: str) -> None:
    for clip in perform_lines(manner, "happy", gesture)[:2]:
        dots = np.abs((clip.rotations[1:] * clip.rotations[:-1]).sum(-1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(dots)).max() < 25
        assert np.abs((clip.rotations[0] * clip.rotations[-1]).sum(-1)) == pytest.approx(1, abs=1e-5)
        assert clip.face[0] == pytest.approx(clip.face[-1], abs=1e-5)
