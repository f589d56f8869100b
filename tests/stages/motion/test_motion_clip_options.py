"""What a spec asks of a clip: from, to, facing, mirror, speed and loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, MORPHS_67, PARENTS, mirror_joint
from assets.errors import SpecError
from assets.formats.bvh import export_bvh
from assets.rotation import forward_kinematics, from_axis_angle, multiply, rotate
from assets.spec.behaviour import ClipSpec, MotionSpec
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clip_options import apply_clip_options, measure_seam
from stages.motion.clips import LIBRARY
from stages.motion.stage import run

WAVE, WALK = LIBRARY["wave"](30), LIBRARY["walk"](30)
HEADS = build_canonical_skeleton().heads


def apply(clip: Clip, source: str = "library", **options: Any) -> Clip:
    return apply_clip_options(clip, ClipSpec.model_validate({"name": "mine", source: "x", **options}))


def turn_clip(clip: Clip, degrees: float) -> Clip:
    """The clip turned about the vertical."""
    turn = from_axis_angle((0, 1, 0), np.radians(degrees))
    rotations = clip.rotations.copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    return replace(clip, rotations=rotations, root=rotate(turn, clip.root))


def move_clip(clip: Clip, metres: float) -> Clip:
    """The clip walking forward by so much."""
    return replace(clip, root=clip.root + np.outer(np.linspace(0, metres, len(clip.times)), [0, 0, 1]).astype(np.float32))


def find_positions(clip: Clip) -> np.ndarray:
    return forward_kinematics(PARENTS, HEADS, clip.rotations, clip.root)[0]


def test_a_spec_that_requests_nothing_changes_nothing() -> None:
    assert apply(WAVE) is WAVE
    assert apply(WALK).loop


def test_from_and_to_cut_in_seconds_of_the_source() -> None:
    clip = apply(move_clip(WAVE, 3.0), **{"from": 1.0, "to": 2.0})
    assert (len(clip.times), clip.times[0], round(float(clip.times[-1]), 3)) == (31, 0.0, 1.0)
    np.testing.assert_allclose(clip.root[0, [0, 2]], 0, atol=1e-6)
    np.testing.assert_array_equal(clip.rotations[0], WAVE.rotations[30])


def test_speed_changes_the_times_alone() -> None:
    clip = apply(WAVE, speed=2.0)
    assert clip.times[-1] == pytest.approx(WAVE.times[-1] / 2)
    np.testing.assert_array_equal(clip.rotations, WAVE.rotations)


def test_mirror_exchanges_left_and_right_of_body_and_face() -> None:
    face = np.zeros((len(WAVE.times), len(MORPHS_67)), np.float32)
    face[:, MORPHS_67.index("eyeBlinkLeft")] = 1
    clip = apply(replace(WAVE, face=face), mirror=True)
    other = [JOINTS.index(mirror_joint(joint)) for joint in JOINTS]
    np.testing.assert_allclose(find_positions(clip), find_positions(WAVE)[:, other] * [-1, 1, 1], atol=1e-5)
    assert [clip.face[0, MORPHS_67.index(name)] for name in ("eyeBlinkLeft", "eyeBlinkRight")] == [0, 1]


@pytest.mark.parametrize(("source", "facing", "expected"), [
    ("bvh", None, 0), ("bvh", "start", 0), ("bvh", "source", 70), ("library", None, 70), ("video", None, 70), ("video", "start", 0),
])  # fmt: skip
def test_facing_is_the_start_for_bvh_and_the_source_for_others(source: str, facing: str | None, expected: float) -> None:
    clip = apply(turn_clip(WALK, 70), source, **({"facing": facing} if facing else {}))
    forward = rotate(clip.rotations[0, 0], np.array([0, 0, 1]))
    level = rotate(WALK.rotations[0, 0], np.array([1, 0, 0]))
    own = np.degrees(np.arctan2(-level[2], level[0]))
    assert np.degrees(np.arctan2(forward[0], forward[2])) == pytest.approx(expected + (own if expected else 0), abs=1.0)


def test_facing_turns_the_path_with_the_body() -> None:
    clip = apply(turn_clip(move_clip(WAVE, 2.0), 70), facing="start")
    np.testing.assert_allclose(clip.root[-1, [0, 2]], [0, 2], atol=0.01)


def test_loop_blends_the_last_half_second_into_the_start() -> None:
    open_ended = apply(WAVE, **{"to": 2.9})
    assert measure_seam(open_ended)[0] > 2
    clip = apply(WAVE, to=2.9, loop=True)
    assert clip.loop
    assert measure_seam(clip)[0] < 0.1
    early = clip.times < clip.times[-1] - 0.5
    np.testing.assert_allclose(find_positions(clip)[early], find_positions(open_ended)[early], atol=1e-6)


def test_a_clip_that_closes_already_is_only_marked() -> None:
    clip = apply(replace(WALK, loop=False), loop=True)
    assert clip.loop
    np.testing.assert_array_equal(clip.rotations, WALK.rotations)


FIX = "cut it with from and to where it returns to its first pose, or remove loop"
REFUSALS: list[tuple[Clip, dict[str, Any], str]] = [
    (move_clip(WAVE, 2.0), {"loop": True},
     f"error[motion/loop] motion.clips: clip wave cannot loop: it ends 2.00 m from where it starts; {FIX}"),
    (WAVE, {"to": 1.5, "loop": True},
     f"error[motion/loop] motion.clips: clip wave cannot loop: it ends in another pose: a joint differs by 83 degrees; {FIX}"),
    (WAVE, {"from": 0.7, "to": 1.3, "loop": True},
     f"error[motion/loop] motion.clips: clip wave cannot loop: it lasts 0.60 s, too short to blend its end into its start; {FIX}"),
    (WAVE, {"from": 9.0},
     "error[motion/clip-range] motion.clips: clip wave lasts 3.40 s, and less than two frames are from 9 s to its end; "
     "choose from and to within the clip"),
    (WAVE, {"from": 2.0, "to": 1.0}, "error[motion/clip-range] motion.clips: clip wave lasts 3.40 s, and less than two frames are "
     "from 2 s to 1 s; choose from and to within the clip"),
]  # fmt: skip


@pytest.mark.parametrize(("clip", "options", "sentence"), REFUSALS)
def test_what_cannot_be_done_is_one_sentence(clip: Clip, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        apply(clip, **options)
    assert str(caught.value) == sentence


def test_the_stage_applies_the_options(tmp_path: Path) -> None:
    path = tmp_path / "turned.bvh"
    path.write_bytes(export_bvh(turn_clip(move_clip(WAVE, 1.0), 120), build_canonical_skeleton()))
    motion = run(
        options=MotionSpec(clips=(ClipSpec.model_validate({"name": "step", "bvh": str(path), "from": 1.0, "speed": 2.0}),)), seed=0
    )
    clip = next(c for c in motion.clips if c.name == "step")
    assert clip.times[-1] == pytest.approx((WAVE.times[-1] - 1) / 2, abs=0.02)
    assert abs(clip.root[-1, 0]) < 0.02 < clip.root[-1, 2]
