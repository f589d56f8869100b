"""Gates of the animation tracks: unit rotations, continuity, loop seams, foot slide and the mouth; body_motion.py judges the body."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.errors import Finding, Location
from stages.verify.bundle_view import AnimationChannel, BundleView, Doubles, Glb
from stages.verify.gate import gate

# Rounding to int16 (1.5e-5 a component) changes the length by at most 3.1e-5: the rest is margin.
_UNIT_TOLERANCE = 1e-3
_STEP_DEGREES = 25.0
_STEP_S = 1 / 30
_SEAM_DEGREES = 2.0
_MAX_SLIDE_M = 0.01  # of a planted foot from its mean position over the idle
_STANDING_CLIPS = ("idle",)


def _iterate_channels(bundle: BundleView, path: str) -> Iterator[tuple[str, AnimationChannel]]:
    if (glb := bundle.glb) is not None:
        yield from ((clip, c) for clip, channels in glb.clips.items() for c in channels if c.path == path)


def _measure_angles(a: Doubles, b: Doubles) -> Doubles:
    """Degrees between the rotations of two sets of xyzw quaternions, row by row."""
    # abs: q and -q are one rotation. A quaternion holds half the angle.
    angles: Doubles = np.degrees(2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0, 1)))
    return angles


@gate("motion/unit-quaternions", claim="every rotation key is a unit quaternion", source="glTF 2.0, 3.11 animations")
def quaternions_are_unit(bundle: BundleView) -> Iterator[Finding]:
    for clip, channel in _iterate_channels(bundle, "rotation"):
        error = float(np.abs(np.linalg.norm(channel.values, axis=1) - 1).max(initial=0))
        # Not `error > ...`: NaN must fail, and it compares False either way.
        if not error <= _UNIT_TOLERANCE:
            message = f"{clip} rotates {channel.node} by a quaternion whose length differs from 1 by {error:.4f}"
            yield Finding(
                "motion/unit-quaternions",
                message,
                location=Location("avatar.glb", pointer=clip),
                value=round(error, 5),
                limit=_UNIT_TOLERANCE,
            )


@gate(
    "motion/continuity",
    claim="no joint rotates by more than 25 degrees in a thirtieth of a second",
    source="750 degrees a second: faster than a thrown arm",
)
def no_joint_jumps(bundle: BundleView) -> Iterator[Finding]:
    for clip, channel in _iterate_channels(bundle, "rotation"):
        if len(channel.times) < 2:
            continue
        seconds = np.maximum(np.diff(channel.times), 1e-6)
        # Keys less than a thirtieth apart are allowed one full step; beyond that the speed counts.
        step = _measure_angles(channel.values[1:], channel.values[:-1]) * np.minimum(1.0, _STEP_S / seconds)
        at = int(step.argmax())
        if step[at] > _STEP_DEGREES:
            message = f"{clip} rotates {channel.node} by {step[at]:.0f} degrees within one frame at {channel.times[at]:.2f} s"
            yield Finding(
                "motion/continuity",
                message,
                location=Location("avatar.glb", pointer=clip),
                value=round(float(step[at]), 1),
                limit=_STEP_DEGREES,
            )


@gate(
    "motion/loop-seam", claim="every looping clip ends in its first pose", source="a seam of more than 2 degrees is visible at each repeat"
)
def loops_close(bundle: BundleView) -> Iterator[Finding]:
    for clip, channel in _iterate_channels(bundle, "rotation"):
        if bundle.glb is None or clip not in bundle.glb.looping_clips:
            continue
        gap = float(_measure_angles(channel.values[:1], channel.values[-1:])[0])
        if gap > _SEAM_DEGREES:
            message = f"{clip} loops with a seam of {gap:.1f} degrees at {channel.node}"
            fix = "cut the clip where it returns to its first pose, or remove its `loop`"
            where = Location("avatar.glb", pointer=clip)
            yield Finding("motion/loop-seam", message, location=where, value=round(gap, 2), limit=_SEAM_DEGREES, fix=fix)


@gate(
    "motion/foot-slide",
    claim="planted feet drift at most 1 cm in the idle clip",
    source="a drift of 1 cm is invisible at full-body distance",
)
def idle_feet_stay(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    for clip, foot in ((c, f) for c in glb.clips if c in _STANDING_CLIPS for f in ("LeftFoot", "RightFoot")):
        path = _trace_joint(glb, clip, foot)
        if len(path):
            drift = float(np.linalg.norm(path - path.mean(0), axis=1).max())
            if drift > _MAX_SLIDE_M:
                message = f"{foot} drifts {1000 * drift:.0f} mm in {clip}"
                yield Finding(
                    "motion/foot-slide", message, location=Location("avatar.glb", pointer=clip), value=round(drift, 4), limit=_MAX_SLIDE_M
                )


def _trace_joint(glb: Glb, clip: str, joint: str) -> Doubles:
    """(24, 3) world positions of a joint at even times of the clip; (0, 3) where there is no such joint or movement."""
    index, end = glb.find_node(joint), glb.get_clip_length(clip)
    if index is None or not end:
        return np.zeros((0, 3))
    return np.array([glb.compute_world_matrix(index, glb.sample_pose(clip, time_s))[:3, 3] for time_s in np.linspace(0, end, 24)])


@gate("motion/mouth-close", claim="mouthClose never exceeds jawOpen: the lips would intersect", source="ARKit mouthClose")
def mouth_close_follows_the_jaw(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None or glb.head is None:
        return
    names = glb.get_target_names(glb.head)
    if "jawOpen" not in names or "mouthClose" not in names:
        return
    jaw, close = names.index("jawOpen"), names.index("mouthClose")
    for clip, channel in _iterate_channels(bundle, "weights"):
        if channel.values.shape[1] != len(names):
            continue
        over = float((channel.values[:, close] - channel.values[:, jaw]).max(initial=0))
        # Weights are stored in bytes: two of them round apart by 1/255 at most, well below 0.01.
        if over > 0.01:
            location = Location("avatar.glb", pointer=clip)
            yield Finding(
                "motion/mouth-close",
                f"mouthClose exceeds jawOpen by {over:.2f} in {clip}",
                location=location,
                value=round(over, 3),
                limit=0.01,
            )
