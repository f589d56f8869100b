"""Gates of the clips: rotations, jumps, seams, feet and the mouth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.errors import Finding, Location
from stages.verify.bundle_view import AnimationChannel, BundleView, Doubles, Glb
from stages.verify.gate import gate

_UNIT_TOLERANCE = 1e-3
_STEP_DEGREES = 25.0
_STEP_S = 1 / 30
_SEAM_DEGREES = 2.0
_SLIDE_M = 0.01  # drift of a planted foot over an idle; 1 cm is not seen at full-body distance
_STANDING_CLIPS = ("idle",)


def _iterate_channels(reading: BundleView, path: str) -> Iterator[tuple[str, AnimationChannel]]:
    if (glb := reading.glb) is not None:
        yield from ((clip, t) for clip, tracks in glb.clips.items() for t in tracks if t.path == path)


def _measure_angles(a: Doubles, b: Doubles) -> Doubles:
    """Angle between rows of xyzw quaternions."""
    angles: Doubles = np.degrees(2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0, 1)))
    return angles


@gate("motion/unit-quaternions", why="every rotation key is a unit quaternion", source="glTF 2.0, 3.11 animations")
def quaternions_are_unit(reading: BundleView) -> Iterator[Finding]:
    for clip, track in _iterate_channels(reading, "rotation"):
        error = float(np.abs(np.linalg.norm(track.values, axis=1) - 1).max(initial=0))
        if not error <= _UNIT_TOLERANCE:
            message = f"{clip} turns {track.node} by a quaternion whose length misses 1 by {error:.4f}"
            yield Finding(
                "motion/unit-quaternions", message, where=Location("avatar.glb", pointer=clip), value=round(error, 5), limit=_UNIT_TOLERANCE
            )


@gate(
    "motion/continuity",
    why="no joint turns more than 25 degrees in a thirtieth of a second",
    source="750 degrees a second: faster than a thrown arm",
)
def no_joint_jumps(reading: BundleView) -> Iterator[Finding]:
    for clip, track in _iterate_channels(reading, "rotation"):
        if len(track.times) < 2:
            continue
        seconds = np.maximum(np.diff(track.times), 1e-6)
        # Keys closer than a thirtieth may share one step's allowance; farther apart the speed counts.
        step = _measure_angles(track.values[1:], track.values[:-1]) * np.minimum(1.0, _STEP_S / seconds)
        at = int(step.argmax())
        if step[at] > _STEP_DEGREES:
            message = f"{clip} turns {track.node} by {step[at]:.0f} degrees in a frame at {track.times[at]:.2f} s"
            yield Finding(
                "motion/continuity",
                message,
                where=Location("avatar.glb", pointer=clip),
                value=round(float(step[at]), 1),
                limit=_STEP_DEGREES,
            )


@gate("motion/loop-seam", why="every clip that loops ends where it begins", source="a seam over 2 degrees is seen at each repeat")
def loops_close(reading: BundleView) -> Iterator[Finding]:
    for clip, track in _iterate_channels(reading, "rotation"):
        if reading.glb is None or clip not in reading.glb.loops:
            continue
        gap = float(_measure_angles(track.values[:1], track.values[-1:])[0])
        if gap > _SEAM_DEGREES:
            message = f"{clip} leaves a seam of {gap:.1f} degrees at {track.node}"
            fix = "cut the clip where it comes back to its first pose, or leave its loop out"
            where = Location("avatar.glb", pointer=clip)
            yield Finding("motion/loop-seam", message, where=where, value=round(gap, 2), limit=_SEAM_DEGREES, fix=fix)


@gate(
    "motion/foot-slide",
    why="planted feet drift at most 1 cm in the idle clip",
    source="our own choice: a drift of 1 cm is not seen at full-body distance",
)
def idle_feet_stay(reading: BundleView) -> Iterator[Finding]:
    if (glb := reading.glb) is None:
        return
    for clip, foot in ((c, f) for c in glb.clips if c in _STANDING_CLIPS for f in ("LeftFoot", "RightFoot")):
        path = _trace_joint(glb, clip, foot)
        if len(path):
            drift = float(np.linalg.norm(path - path.mean(0), axis=1).max())
            if drift > _SLIDE_M:
                message = f"{foot} drifts {1000 * drift:.0f} mm in {clip}"
                yield Finding(
                    "motion/foot-slide", message, where=Location("avatar.glb", pointer=clip), value=round(drift, 4), limit=_SLIDE_M
                )


def _trace_joint(glb: Glb, clip: str, joint: str) -> Doubles:
    """(s, 3) world places of a joint at up to 24 moments of the clip."""
    index, end = glb.index(joint), glb.seconds(clip)
    if index is None or not end:
        return np.zeros((0, 3))
    return np.array([glb.compute_world_matrix(index, glb.pose(clip, moment))[:3, 3] for moment in np.linspace(0, end, 24)])


@gate("motion/mouth-close", why="mouthClose never exceeds jawOpen, which would push the lips through each other", source="ARKit mouthClose")
def mouth_close_follows_the_jaw(reading: BundleView) -> Iterator[Finding]:
    if (glb := reading.glb) is None or glb.head is None:
        return
    names = glb.target_names(glb.head)
    if "jawOpen" not in names or "mouthClose" not in names:
        return
    jaw, close = names.index("jawOpen"), names.index("mouthClose")
    for clip, track in _iterate_channels(reading, "weights"):
        if track.values.shape[1] != len(names):
            continue
        over = float((track.values[:, close] - track.values[:, jaw]).max(initial=0))
        if over > 0.01:
            yield Finding("motion/mouth-close", f"{clip} closes the mouth {over:.2f} beyond the jaw", value=round(over, 3), limit=0.01)
