"""The library and noisy clips on bodies of other sizes: feet, floor, bone lengths, smoothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Skeleton, Skin
from assets.artefacts.motion import Clip, Motion
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics, from_axis_angle, multiply
from assets.spec.behaviour import ClipSpec, MotionSpec, RetargetSpec
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.stage import run as make_motion
from stages.retarget.feet import detect_contacts
from stages.retarget.stage import run
from stages.retarget.transfer import measure_leg_length

LIBRARY = make_motion(options=MotionSpec(clips=(ClipSpec(name="walk", library="walk"),)), seed=1)
SIDES = ("Left", "Right")


def make_body(height: float, legs: float = 1.0) -> Body:
    """The canonical skeleton scaled by `height`, its legs by another `legs`; retargeting uses only the skeleton."""
    skeleton = build_canonical_skeleton()
    heads = skeleton.heads * height
    leg = [i for i, name in enumerate(JOINTS) if name.endswith(("Leg", "Foot", "ToeBase")) and not name.endswith("UpLeg")]
    hip, ankle = heads[JOINTS.index("LeftUpLeg"), 1], heads[JOINTS.index("LeftFoot"), 1]
    grown = (legs - 1) * (hip - ankle)
    knee = [i for i in leg if JOINTS[i].endswith("Leg")]
    heads[[i for i in range(len(JOINTS)) if i not in leg], 1] += grown
    heads[knee, 1] += grown * 0.55
    nothing = np.zeros((0, 3), np.float32)
    skin = Skin(np.zeros((0, 4), np.uint16), np.zeros((0, 4), np.float32))
    made = Skeleton(JOINTS, skeleton.parents, heads.astype(np.float32))
    return Body(made, nothing, nothing, np.zeros((0, 4, 4), np.float32), skin, (), np.zeros((2, 3), np.float32), 0.012, {})


def compute_pose(skeleton: Skeleton, clip: Clip) -> tuple[Floats, Floats]:
    return forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)


BODIES = {"small": make_body(0.82), "tall": make_body(1.13), "long-legged": make_body(1.0, 1.08)}


@pytest.fixture(scope="module", params=BODIES)
def motion(request: pytest.FixtureRequest) -> Motion:
    return run(LIBRARY, BODIES[request.param], options=RetargetSpec(), seed=1)


def test_every_clip_is_on_the_bodys_skeleton_with_unit_rotations(motion: Motion) -> None:
    assert [clip.name for clip in motion.clips] == [clip.name for clip in LIBRARY.clips]
    for clip in motion.clips:
        np.testing.assert_allclose(np.linalg.norm(clip.rotations, axis=-1), 1, atol=1e-4)
        step = np.abs((clip.rotations[1:] * clip.rotations[:-1]).sum(-1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(step)).max() < 25


def test_standing_feet_stay_within_a_millimetre_of_their_bind_height(motion: Motion) -> None:
    for clip in (c for c in motion.clips if c.name != "walk"):
        positions = compute_pose(motion.skeleton, clip)[0]
        for side in SIDES:
            foot = JOINTS.index(f"{side}Foot")
            assert np.ptp(positions[:, foot], axis=0).max() < 1e-3
            np.testing.assert_allclose(positions[:, foot, 1], motion.skeleton.heads[foot, 1], atol=1e-3)


def test_no_sole_sinks_into_the_floor_in_a_walk(motion: Motion) -> None:
    walk = next(c for c in motion.clips if c.name == "walk")
    positions = compute_pose(motion.skeleton, walk)[0]
    for joint in (f"{side}{part}" for side in SIDES for part in ("Foot", "ToeBase")):
        i = JOINTS.index(joint)
        assert positions[:, i, 1].min() > motion.skeleton.heads[i, 1] - 2e-3
    assert not any(detect_contacts(walk, motion.skeleton, side).any() for side in SIDES)


def test_arms_head_and_fingers_keep_their_rotations(motion: Motion) -> None:
    for before, after in zip(LIBRARY.clips, motion.clips, strict=True):
        upper = [i for i, name in enumerate(JOINTS) if not name.endswith(("Leg", "Foot", "ToeBase"))]
        np.testing.assert_allclose(after.rotations[:, upper], before.rotations[:, upper], atol=1e-6)


def test_the_motion_of_the_hips_scales_with_the_legs(motion: Motion) -> None:
    scale = measure_leg_length(motion.skeleton) / measure_leg_length(LIBRARY.skeleton)
    np.testing.assert_allclose(motion.clips[0].root, LIBRARY.clips[0].root * scale, atol=1e-6)


def _add_noise(source: str) -> Motion:
    idle, rng = LIBRARY.clips[0], np.random.default_rng(2)
    noise = from_axis_angle(rng.normal(size=(len(idle.times), len(JOINTS), 3)), rng.normal(size=(len(idle.times), len(JOINTS))) * 0.03)
    return Motion(LIBRARY.skeleton, (replace(idle, rotations=multiply(idle.rotations, noise), source=source),))


def test_only_videos_are_smoothed() -> None:
    arm = JOINTS.index("LeftArm")

    def measure_jitter(source: str) -> float:
        q = run(_add_noise(source), BODIES["tall"], options=RetargetSpec(window=9), seed=1).clips[0].rotations[:, arm]
        return float(np.abs(np.diff(q, 2, axis=0)).mean())

    assert measure_jitter("video") < 0.4 * measure_jitter("bvh")


def test_a_drifting_foot_is_locked_only_if_requested() -> None:
    idle = LIBRARY.clips[0]
    drift = idle.root + np.stack([0.03 * np.sin(idle.times * 2), 0 * idle.times, 0 * idle.times], 1).astype(np.float32)
    motion = Motion(LIBRARY.skeleton, (replace(idle, root=drift, source="bvh"),))

    def measure_slide(lock: bool) -> float:
        made = run(motion, BODIES["small"], options=RetargetSpec(lock_feet=lock), seed=1)
        return float(np.ptp(compute_pose(made.skeleton, made.clips[0])[0][:, JOINTS.index("LeftFoot"), 0]))

    assert measure_slide(True) < 2e-3 < 0.03 < measure_slide(False)


def test_feet_that_point_into_the_floor_are_raised_and_their_toes_bent() -> None:
    idle = LIBRARY.clips[0]
    rotations = idle.rotations.copy()
    foot, toe = JOINTS.index("LeftFoot"), JOINTS.index("LeftToeBase")
    rotations[:, foot] = multiply(rotations[:, foot], from_axis_angle((1, 0, 0), np.full(len(idle.times), 0.6)))
    skeleton = BODIES["small"].skeleton
    made = run(Motion(LIBRARY.skeleton, (replace(idle, rotations=rotations),)), BODIES["small"], options=RetargetSpec(), seed=1)
    positions, _turns = compute_pose(skeleton, made.clips[0])
    assert positions[:, toe, 1].min() > skeleton.heads[toe, 1] - 2e-3
    assert made.clips[0].rotations[:, toe, 0].max() < -0.2


def test_the_same_input_gives_the_same_bytes() -> None:
    first, again = (run(LIBRARY, BODIES["tall"], options=RetargetSpec(), seed=1) for _ in range(2))
    assert all(np.array_equal(a.rotations, b.rotations) for a, b in zip(first.clips, again.clips, strict=True))
