"""The library's clips: their first and last poses, the speed of their joints, the positions of hands and feet."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.errors import SpecError
from assets.rotation import forward_kinematics
from assets.spec.behaviour import ClipSpec, MotionSpec
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import LIBRARY
from stages.motion.stage import GESTURES, run

CLIPS = {name: make(30) for name, make in LIBRARY.items()}
HEADS = dict(zip(JOINTS, build_canonical_skeleton().heads, strict=True))


def measure_degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(2 * np.arccos(np.clip(np.abs((a.astype(float) * b).sum(-1)), 0, 1)))


def compute_positions(clip: Clip, joint: str) -> np.ndarray:
    skeleton = build_canonical_skeleton()
    return forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0][:, JOINTS.index(joint)]


@pytest.mark.parametrize("name", LIBRARY)
def test_rotations_are_unit_and_no_joint_jumps(name: str) -> None:
    clip = CLIPS[name]
    np.testing.assert_allclose(np.linalg.norm(clip.rotations, axis=-1), 1, atol=1e-4)
    assert measure_degrees(clip.rotations[1:], clip.rotations[:-1]).max() < 25
    assert clip.rotations.shape == (len(clip.times), len(JOINTS), 4)
    assert clip.times[0] == 0
    assert (np.diff(clip.times) > 0).all()


@pytest.mark.parametrize("name", [name for name in LIBRARY if name != "walk"])
def test_a_gesture_begins_and_ends_in_the_first_pose_of_idle(name: str) -> None:
    first = CLIPS["idle"].rotations[0]
    for frame in (0, -1):
        assert measure_degrees(CLIPS[name].rotations[frame], first).max() < 0.2
        np.testing.assert_allclose(CLIPS[name].root[frame], CLIPS["idle"].root[0], atol=1e-4)


@pytest.mark.parametrize("name", ["idle", "walk"])
def test_loops_close(name: str) -> None:
    clip = CLIPS[name]
    assert clip.loop
    assert measure_degrees(clip.rotations[0], clip.rotations[-1]).max() < 0.2
    np.testing.assert_allclose(clip.root[0], clip.root[-1], atol=1e-4)


def test_idle_moves_but_its_feet_stay() -> None:
    idle = CLIPS["idle"]
    assert 6 <= idle.times[-1] <= 8
    assert np.ptp(compute_positions(idle, "Head")[:, 0]) > 0.01
    for foot in ("LeftFoot", "RightFoot"):
        assert np.ptp(compute_positions(idle, foot), axis=0).max() < 1e-3


def test_arms_hang_clear_of_the_body_at_rest() -> None:
    idle = CLIPS["idle"]
    for side, sign in (("Left", 1), ("Right", -1)):
        arm = compute_positions(idle, f"{side}ForeArm") - compute_positions(idle, f"{side}Arm")
        out = np.degrees(np.arctan2(sign * arm[:, 0], -arm[:, 1]))
        assert (out > 8).all()
        assert (out < 20).all()
        hand = sign * compute_positions(idle, f"{side}Hand")[:, 0]
        assert (hand > sign * HEADS[f"{side}UpLeg"][0] + 0.08).all()


def test_wave_raises_the_right_hand_next_to_the_head_and_swings_it() -> None:
    hand, head = compute_positions(CLIPS["wave"], "RightHandMiddle3"), compute_positions(CLIPS["wave"], "Head")
    up = (CLIPS["wave"].times > 0.9) & (CLIPS["wave"].times < 2.4)
    assert (hand[up, 1] > head[up, 1]).all()
    assert (hand[up, 0] < head[up, 0] - 0.2).all()
    turns = np.diff(np.sign(np.diff(hand[up, 0])))
    assert (turns != 0).sum() >= 4


def test_wave_keeps_its_elbow_low_and_leans_to_the_other_leg() -> None:
    """A level upper arm under an upright forearm looked like a dislocated shoulder."""
    clip = CLIPS["wave"]
    up = (clip.times > 0.9) & (clip.times < 2.4)
    arm = (compute_positions(clip, "RightForeArm") - compute_positions(clip, "RightArm"))[up]
    below = np.degrees(np.arctan2(-arm[:, 1], np.hypot(arm[:, 0], arm[:, 2])))
    assert (below > 30).all()
    assert (below < 60).all()
    assert (clip.root[up, 0] > 0.01).all()


def test_point_extends_only_the_index_finger() -> None:
    clip, at = CLIPS["point"], 36
    reach = {
        f: np.linalg.norm(compute_positions(clip, f"RightHand{f}3") - compute_positions(clip, "RightHand"), axis=1)[at]
        for f in ("Index", "Middle", "Ring")
    }
    assert reach["Index"] > 1.25 * max(reach["Middle"], reach["Ring"])


def test_walking_feet_alternate_and_stay_above_the_floor() -> None:
    left, right = (compute_positions(CLIPS["walk"], f"{side}Foot") for side in ("Left", "Right"))
    floor = HEADS["LeftFoot"][1]
    assert left[:, 1].min() > floor - 0.002
    assert np.minimum(left[:, 1], right[:, 1]).max() < floor + 0.06
    assert np.ptp(left[:, 2]) > 0.4
    assert np.corrcoef(left[:, 2], right[:, 2])[0, 1] < -0.7
    assert compute_positions(CLIPS["walk"], "LeftToeBase")[:, 1].min() > HEADS["LeftToeBase"][1] - 0.002


def test_the_frame_rate_does_not_change_the_movement() -> None:
    slow, fast = LIBRARY["wave"](15), LIBRARY["wave"](30)
    assert len(fast.times) == 2 * len(slow.times) - 1
    assert measure_degrees(slow.rotations, fast.rotations[::2]).max() < 0.2


def test_the_stage_always_has_the_gestures_and_a_users_clip_replaces_one() -> None:
    plain = run(options=MotionSpec(), seed=1)
    assert [clip.name for clip in plain.clips] == list(GESTURES)
    mine = run(options=MotionSpec(clips=(ClipSpec(name="wave", library="nod"), ClipSpec(name="stroll", library="walk"))), seed=1)
    clips = {clip.name: clip for clip in mine.clips}
    assert set(clips) == {*GESTURES, "stroll"}
    assert clips["stroll"].loop
    np.testing.assert_array_equal(clips["wave"].rotations, CLIPS["nod"].rotations)
    assert mine.sources


@pytest.mark.parametrize(("name", "fix"), [
    ("wawe", "did you mean wave?"), ("dance", "choose one of idle, wave, nod, explain, shrug, point, walk"),
])  # fmt: skip
def test_an_unknown_clip_is_refused_with_a_suggestion(name: str, fix: str) -> None:
    with pytest.raises(SpecError) as caught:
        run(options=MotionSpec(clips=(ClipSpec(name="hello", library=name),)), seed=1)
    assert str(caught.value) == f"error[motion/unknown-clip] motion.clips: unknown library clip '{name}'; {fix}"
