"""Gates of the moving body: it stands on the floor, faces forward, does not leap and does not skate.

Limits are 1.4 to 2.3 times the worst value of the public recordings that docs/motion.md lists: what fires is not style.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView, Doubles
from stages.verify.clip_poses import FRAME_S, ClipPoses, list_clip_poses, measure_angles
from stages.verify.gate import gate

_MAX_LEAN_DEGREES = 60.0
_MAX_SINK_M, _MAX_FLOAT_M, _MAX_CLIMB_M = 0.03, 0.05, 0.30
_WINDOW_S = 1.0
"""A jump is shorter: within a second some foot is back on the floor."""
_MAX_SPEED, _MAX_START_M = 12.0, 0.5
"""Metres a second of a sprinter's hips, and metres from the origin at which a clip begins."""
_MAX_TWIST_DEGREES = {"Spine2": 100.0, "Head": 110.0, "toes": 90.0}
_MAX_TURNED_DEGREES = 45.0
_MAX_LEAP_M = 0.25
"""Off the middle of its neighbours in a thirtieth of a second: 46 times the acceleration of gravity."""
_LEAPING_JOINTS = ("Hips", "Head", "LeftHand", "RightHand", "LeftFoot", "RightFoot")
_BALL_M, _ANKLE_M, _RISING = 0.015, 0.06, 0.2
"""Metres above the bind pose of a standing foot's ball and ankle, and its largest vertical speed."""
_MIN_CONTACT_FRAMES = 4
_SKATING, _MAX_SKATING_SHARE, _MAX_MEAN_SKATE, _MAX_SKATE = 0.3, 0.25, 0.5, 8.0
"""Metres a second from which a standing foot skates, the share of such frames, and the mean and largest speed of standing feet; the worst
recording has 0.11, 0.36 and 5.7, the last where a marker was lost."""
_MIN_STANDING_FRAMES = 10
"""Of both feet together; fewer say nothing about a clip."""
_IN_PLACE_M = 0.3
"""Hips that travel less than that while the feet move evenly are a walk on the spot, over whose floor the feet run."""


def _make_finding(code: str, clip: ClipPoses, message: str, value: float, limit: float, fix: str = "") -> Finding:
    return Finding(code, message, location=Location("avatar.glb", pointer=clip.name), value=round(value, 3), limit=limit, fix=fix)


@gate(
    "motion/upright", claim="the trunk is on average at most 60 degrees off the vertical", source="a deep bow is; a body that lies is not"
)
def bodies_are_upright(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        lean = float(measure_angles(clip.get_path("Neck") - clip.get_path("Hips"), np.array([0.0, 1, 0])).mean())
        if lean > _MAX_LEAN_DEGREES:
            message = f"{clip.name} is not upright: its trunk is {lean:.0f} degrees off the vertical on average"
            yield _make_finding("motion/upright", clip, message, lean, _MAX_LEAN_DEGREES, "export the clip with its up axis")


@gate(
    "motion/floor",
    claim="no foot is more than 3 cm below the floor, a foot comes within 5 cm of it, and the floor does not rise or fall by 30 cm",
    source="the floor of the bundle is Y = 0; a jump returns within a second",
)
def feet_keep_to_the_floor(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        lower = np.minimum(clip.get_rise("LeftFoot"), clip.get_rise("RightFoot"))
        window = min(round(_WINDOW_S / FRAME_S), len(lower))
        # The lowest of each second is the floor under the body: a jump comes back within it, a climb does not.
        floors = np.lib.stride_tricks.sliding_window_view(lower, window).min(1)
        lowest, span = float(lower.min()), float(np.ptp(floors))
        if lowest < -_MAX_SINK_M:
            message = f"a foot sinks {100 * -lowest:.0f} cm into the floor in {clip.name}"
            yield _make_finding("motion/floor", clip, message, lowest, -_MAX_SINK_M)
        elif lowest > _MAX_FLOAT_M:
            message = f"the body floats in {clip.name}: no foot comes closer than {100 * lowest:.0f} cm to the floor"
            yield _make_finding("motion/floor", clip, message, lowest, _MAX_FLOAT_M)
        if span > _MAX_CLIMB_M:
            message = f"the body climbs or sinks in {clip.name}: the height on which it stands changes by {100 * span:.0f} cm"
            yield _make_finding("motion/floor", clip, message, span, _MAX_CLIMB_M)


@gate(
    "motion/path",
    claim="the hips move at most 12 m/s, and every clip begins within 50 cm of the origin",
    source="the fastest sprinter reaches 12.3 m/s; a player places the clip where the character is",
)
def paths_are_human(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        hips = clip.get_path("Hips")
        speed = float((np.linalg.norm(np.diff(hips, axis=0), axis=1) / FRAME_S).max(initial=0))
        start = float(np.linalg.norm(hips[0, [0, 2]] - clip.bind[0, [0, 2]]))
        if speed > _MAX_SPEED:
            yield _make_finding("motion/path", clip, f"the hips move at {speed:.0f} m/s in {clip.name}", speed, _MAX_SPEED)
        if start > _MAX_START_M:
            message = f"{clip.name} begins {start:.1f} m from the origin"
            yield _make_finding("motion/path", clip, message, start, _MAX_START_M)


@gate(
    "motion/facing",
    claim="chest, head and feet point where the body faces, and the idle and spoken clips begin facing forward",
    source="a neck turns by 80 degrees, a spine by 60; beyond 90 degrees toes point backward",
)
def bodies_face_forward(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        hips, chest = clip.get_forward("Hips"), clip.get_forward("Spine2")
        toes = clip.get_forward("LeftFoot") + clip.get_forward("RightFoot")
        angles = {
            "Spine2": float(measure_angles(chest, hips).max()),
            "Head": float(measure_angles(clip.get_forward("Head"), chest).max()),
            # The median: a turning foot leaves the hips' direction for a moment in every step.
            "toes": float(np.median(measure_angles(toes, hips))),
        }
        for part, reference, label in (("Spine2", "hips", "chest"), ("Head", "chest", "head"), ("toes", "hips", "toes")):
            if angles[part] > _MAX_TWIST_DEGREES[part]:
                message = f"the {label} and the {reference} point {angles[part]:.0f} degrees apart in {clip.name}"
                yield _make_finding("motion/facing", clip, message, angles[part], _MAX_TWIST_DEGREES[part])
        # Without Y: leaning forward is not turning away.
        turned = float(measure_angles(hips[0] * [1, 0, 1], np.array([0.0, 0, 1])))
        if clip.name.startswith(("idle", "say_")) and turned > _MAX_TURNED_DEGREES:
            message = f"{clip.name} begins {turned:.0f} degrees turned away from the front"
            yield _make_finding("motion/facing", clip, message, turned, _MAX_TURNED_DEGREES)


@gate(
    "motion/leaps",
    claim="hips, head, hands and feet stay within 25 cm of the middle of the frames before and after",
    source="at 30 frames a second that is 46 g; boxers reach 20 g",
)
def nothing_leaps(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        paths = np.stack([clip.get_path(joint) for joint in _LEAPING_JOINTS])
        off = np.linalg.norm(paths[:, 1:-1] - (paths[:, 2:] + paths[:, :-2]) / 2, axis=-1)
        if off.size and off.max() > _MAX_LEAP_M:
            # Where the whole body leaps, all joints tie but for rounding: the first of them is named.
            joint = int(np.argmax(off.max(1) > off.max() - 1e-3))
            frame = int(off[joint].argmax())
            message = f"{_LEAPING_JOINTS[joint]} leaps by {100 * off.max():.0f} cm in {clip.name} at {(frame + 1) * FRAME_S:.2f} s"
            fix = "cut the frame with from and to, or clean the recording"
            yield _make_finding("motion/leaps", clip, message, float(off.max()), _MAX_LEAP_M, fix)


@gate(
    "motion/foot-skate",
    claim="of the frames in which a foot stands, at most 25 % move faster than 0.3 m/s; the mean is at most 0.5, the most 8 m/s",
    source="twice the worst of the recordings in docs/motion.md",
)
def standing_feet_do_not_skate(bundle: BundleView) -> Iterator[Finding]:
    for clip in list_clip_poses(bundle):
        speeds = measure_skate(clip)
        if len(speeds) < _MIN_STANDING_FRAMES:
            continue
        share, mean, most = float((speeds > _SKATING).mean()), float(speeds.mean()), float(speeds.max())
        if share > _MAX_SKATING_SHARE or mean > _MAX_MEAN_SKATE or most > _MAX_SKATE:
            message = (
                f"standing feet skate in {clip.name}: {100 * share:.0f} % of their frames move faster than {_SKATING} m/s, "
                f"{mean:.2f} m/s on average and {most:.2f} m/s at most"
            )
            yield _make_finding("motion/foot-skate", clip, message, share, _MAX_SKATING_SHARE)


def measure_skate(clip: ClipPoses) -> Doubles:
    """(n,) horizontal speeds of standing feet, m/s, over the frames in which they stand; relative to the floor of a walk on the spot."""
    moving = np.concatenate([_measure_contacts(clip, side) for side in ("Left", "Right")])[:, [0, 2]]
    hips = clip.get_path("Hips")[:, [0, 2]]
    if len(moving) and np.linalg.norm(hips - hips[0], axis=1).max() < _IN_PLACE_M:
        moving = moving - np.median(moving, 0)
    return np.asarray(np.linalg.norm(moving, axis=1))


def _measure_contacts(clip: ClipPoses, side: str) -> Doubles:
    """(n,3) velocity of the ball of the foot in the frames in which the foot stands, m/s."""
    from scipy.ndimage import binary_opening

    ball = clip.get_path(f"{side}ToeBase")
    velocity = np.diff(ball, axis=0) / FRAME_S
    low = (clip.get_rise(f"{side}ToeBase") < _BALL_M) & (clip.get_rise(f"{side}Foot") < _ANKLE_M)
    # A velocity is between two frames: the foot has to be low in both.
    stands = low[1:] & low[:-1] & (np.abs(velocity[:, 1]) < _RISING)
    return np.asarray(velocity[binary_opening(stands, np.ones(_MIN_CONTACT_FRAMES, bool))])
