"""Hair in clips: it rests in the bind pose, lags and settles, hangs, stays out of the body, and closes with a loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.artefacts.character import Model
from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import HAIR_PARENT, JOINTS
from assets.hair_chains import drop_hair_joints, pad_rotations
from assets.rotation import IDENTITY, forward_kinematics
from stages.render.posing import Pose
from stages.sway.clips import bake_sway, settle_pose
from tests.stages.sway.a_head import BODY, FPS, make_clip, make_model, make_rig, turn_head

MODEL = make_model()
TIPS = [MODEL.skeleton.names.index(name) for name in ("Hair_Back_4", "Hair_Left_3")]
HAIR = slice(len(JOINTS), None)


def bake(*clips: Clip, model: Model = MODEL) -> tuple[Clip, ...]:
    return bake_sway(model.skeleton, model.hair_rig, clips)


def locate(clip: Clip) -> Floats:
    """(f,j,3) of all joints."""
    return forward_kinematics(MODEL.skeleton.parents, MODEL.skeleton.heads, clip.rotations, clip.root)[0]


def stiffen(clip: Clip) -> Clip:
    """The clip with hair that follows the head like a helmet."""
    return replace(clip, rotations=pad_rotations(clip.rotations[:, : len(JOINTS)], len(MODEL.skeleton.names)))


def follow_head(clip: Clip) -> Floats:
    """(f,2,3) where the tips would be then."""
    return locate(stiffen(clip))[:, TIPS]


def ramp(seconds: float, start: float, end: float, radians: float) -> Floats:
    times = np.arange(round(seconds * FPS) + 1) / FPS
    share = np.clip((times - start) / (end - start), 0, 1)
    return np.asarray(radians * share * share * (3 - 2 * share), np.float32)


def test_the_clip_keeps_its_body_and_gets_the_joints_of_hair_after_it() -> None:
    clip = turn_head(make_clip(), "y", ramp(2, 0.2, 0.6, 0.7))
    (baked,) = bake(clip)
    assert baked.rotations.shape == (61, len(MODEL.skeleton.names), 4)
    np.testing.assert_array_equal(baked.rotations[:, : len(JOINTS)], clip.rotations)
    np.testing.assert_allclose(np.linalg.norm(baked.rotations, axis=-1), 1, atol=1e-6)


def test_hair_of_a_still_figure_rests_exactly_in_the_bind_pose() -> None:
    (baked,) = bake(make_clip())
    assert (baked.rotations[:, HAIR] == IDENTITY).all()


def test_a_model_without_hanging_hair_gets_its_clips_back() -> None:
    clip = make_clip()
    assert bake_sway(BODY, None, [clip]) == (clip,)


def test_tips_lag_behind_a_turning_head_and_come_to_rest() -> None:
    (baked,) = bake(turn_head(make_clip(4), "y", ramp(4, 0.2, 0.5, 0.7)))
    tips = locate(baked)[:, TIPS]
    lag = np.linalg.norm(tips - follow_head(baked), axis=2)
    assert (lag[:20].max(0) > 0.02).all()
    assert np.linalg.norm(np.diff(tips[-10:], axis=0), axis=2).max() < 5e-4


def test_hair_of_a_bowed_head_hangs_instead_of_pointing_backwards() -> None:
    (baked,) = bake(turn_head(make_clip(4), "x", ramp(4, 0, 0.5, 0.6)))
    places, stiff = locate(baked)[-1], locate(stiffen(baked))[-1]
    for chain, last in (("Back", 4), ("Left", 3)):
        root, tip = (MODEL.skeleton.names.index(f"Hair_{chain}_{number}") for number in (1, last))
        slopes = [float(np.degrees(np.arctan2(abs(p[tip, 2] - p[root, 2]), p[root, 1] - p[tip, 1]))) for p in (places, stiff)]
        assert slopes[1] > 25
        assert slopes[0] < 0.6 * slopes[1]


def test_hair_stays_out_of_the_back_of_a_figure_that_leans_its_head_back() -> None:
    (baked,) = bake(turn_head(make_clip(3), "x", ramp(3, 0.2, 0.8, -0.3)))
    (capsule,) = make_rig().chains[0].colliders
    bones = [MODEL.skeleton.names.index(f"Hair_Back_{number}") for number in (2, 3, 4)]

    def measure_depth(clip: Clip) -> float:
        # The capsule is across the back, and nothing moves sideways.
        return float((capsule.radius - np.linalg.norm((locate(clip)[:, bones] - np.array(capsule.start))[..., 1:], axis=2)).max())

    assert measure_depth(stiffen(baked)) > 0.008
    assert measure_depth(baked) < 0.001


def test_a_loop_closes_and_its_hair_moves_on_through_the_seam() -> None:
    times = np.arange(2 * FPS + 1) / FPS
    (baked,) = bake(turn_head(make_clip(2, loop=True), "y", (0.5 * np.sin(np.pi * times)).astype(np.float32)))
    np.testing.assert_allclose(baked.rotations[0, HAIR], baked.rotations[-1, HAIR], atol=1e-6)
    steps = np.abs(np.diff(np.concatenate([baked.rotations[-4:], baked.rotations[1:4]])[:, HAIR], axis=0)).max((1, 2))
    assert steps.max() < 2.5 * np.abs(np.diff(baked.rotations[:, HAIR], axis=0)).max((1, 2)).mean()


@pytest.mark.parametrize("loop", [False, True])
def test_steady_walking_does_not_blow_the_hair_back(loop: bool) -> None:
    clip = make_clip(3, loop=loop)
    clip.root[:, 2] = 1.4 * clip.times
    (baked,) = bake(clip)
    assert (baked.rotations[:, HAIR] == IDENTITY).all()


def test_clips_of_different_lengths_do_not_touch_one_another() -> None:
    turned, long = turn_head(make_clip(2), "y", ramp(2, 0.2, 0.6, 0.7)), turn_head(make_clip(5), "x", ramp(5, 1, 2, 0.5))
    together = bake(turned, long)
    for one, alone in zip(together, (bake(turned)[0], bake(long)[0]), strict=True):
        np.testing.assert_allclose(one.rotations, alone.rotations, atol=1e-6)


def test_a_clip_of_one_frame_and_of_odd_times_has_as_many_frames_as_before() -> None:
    still = replace(make_clip(0.0), times=np.zeros(1, np.float32))
    odd = turn_head(make_clip(1), "y", ramp(1, 0, 0.3, 0.7))
    odd = replace(odd, times=np.float32(1.7) * odd.times)
    assert [len(clip.rotations) for clip in bake(still, odd)] == [1, 31]


def test_a_pose_for_a_picture_gets_hair_that_has_come_to_rest() -> None:
    clip = turn_head(make_clip(4), "x", ramp(4, 0, 0.5, 0.6))
    pose = settle_pose(MODEL, Pose(clip.rotations[-1], clip.root[-1], np.zeros(0, np.float32)))
    np.testing.assert_allclose(pose.rotations, bake(clip)[0].rotations[-1], atol=5e-3)
    assert settle_pose(MODEL, pose) is pose


def test_the_skeleton_has_the_chains_below_the_head_and_gives_the_body_back() -> None:
    names, parents = MODEL.skeleton.names, MODEL.skeleton.parents
    assert names[len(JOINTS) :] == ("Hair_Back_1", "Hair_Back_2", "Hair_Back_3", "Hair_Back_4", "Hair_Left_1", "Hair_Left_2", "Hair_Left_3")
    assert [names[parents[names.index(f"Hair_{chain}_1")]] for chain in ("Back", "Left")] == [HAIR_PARENT] * 2
    assert names[parents[names.index("Hair_Back_3")]] == "Hair_Back_2"
    body = drop_hair_joints(MODEL.skeleton)
    assert body.names == JOINTS
    np.testing.assert_array_equal(body.heads, BODY.heads)
