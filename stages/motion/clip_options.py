"""What a spec asks of any clip: a part of it, its side, its speed, its heading, and that it closes into a loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, MORPHS_67, mirror_joint
from assets.errors import Finding, SpecError
from assets.rotation import from_axis_angle, inverse, make_continuous, multiply, rotate, slerp
from assets.spec.behaviour import ClipSpec

_MAX_SEAM_DEGREES = 2.0
"""A seam that nobody sees, and the limit of the gate motion/loop-seam: such a clip stays as it is."""
_MAX_SEAM_M = 0.01
_BLEND_S = 0.5
_MAX_BLEND_DEGREES, _MAX_BLEND_M = 60.0, 0.3
"""What half a second can blend without a leap: 120 degrees and 0.6 m a second."""
_FIX = "cut it with from and to where it returns to its first pose, or remove loop"


def apply_clip_options(clip: Clip, spec: ClipSpec) -> Clip:
    """The clip as the spec requests it; unchanged where it requests nothing.

    Raises:
        SpecError: `from` and `to` leave fewer than two frames, or the clip cannot be closed into a loop.
    """
    clip = cut_clip(clip, spec.from_, spec.to)
    if spec.facing == "start" or (spec.facing is None and spec.bvh):
        clip = face_forward(clip)
    if spec.mirror:
        clip = mirror_clip(clip)
    if spec.speed != 1:
        clip = replace(clip, times=(clip.times / spec.speed).astype(np.float32))
    return close_loop(clip) if spec.loop else clip


def cut_clip(clip: Clip, start: float, end: float | None) -> Clip:
    """The frames from `start` to `end` seconds, its times from 0 and its root from the middle."""
    if start == 0 and end is None:
        return clip
    length = float(clip.times[-1])
    # A tenth of a millisecond, for times that float32 has rounded.
    kept = (clip.times >= start - 1e-4) & (clip.times <= (length if end is None else end) + 1e-4)
    if kept.sum() < 2:
        until = "its end" if end is None else f"{end:g} s"
        message = f"motion.clips: clip {clip.name} lasts {length:.2f} s, and less than two frames are from {start:g} s to {until}"
        raise SpecError(Finding("motion/clip-range", message, fix="choose from and to within the clip"))
    root = clip.root[kept] - clip.root[kept][:1] * np.array([1, 0, 1], np.float32)
    times = (clip.times[kept] - clip.times[kept][0]).astype(np.float32)
    return replace(clip, times=times, rotations=clip.rotations[kept], root=root, face=clip.face[kept], loop=False)


def face_forward(clip: Clip) -> Clip:
    """The clip turned about the vertical so that the hips face +Z in its first frame."""
    left = rotate(clip.rotations[0, 0], np.array([1, 0, 0]))
    # The hips' left is +X when they face +Z; a turn about +Y takes +X towards -Z, hence +left[2].
    turn = from_axis_angle((0, 1, 0), np.arctan2(left[2], left[0]))
    rotations = clip.rotations.copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    root = rotate(turn, clip.root - clip.root[:1] * np.array([1, 0, 1]))
    return replace(clip, rotations=make_continuous(rotations), root=root)


def mirror_clip(clip: Clip) -> Clip:
    """Left and right exchanged in body, path and face."""
    index = [JOINTS.index(mirror_joint(joint)) for joint in JOINTS]
    # Mirrored in the YZ plane: X of the axis stays, Y and Z change sign, since a mirror also reverses the turn.
    rotations = (clip.rotations[:, index] * np.array([1, -1, -1, 1])).astype(np.float32)
    face = clip.face
    if face.shape[1]:
        face = face[:, [MORPHS_67.index(mirror_morph(name)) for name in MORPHS_67]]
    return replace(clip, rotations=rotations, root=(clip.root * np.array([-1, 1, 1])).astype(np.float32), face=face)


def mirror_morph(name: str) -> str:
    """The morph of the other side; its own in the middle."""
    swapped = name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")
    return swapped if swapped in MORPHS_67 else name


def close_loop(clip: Clip) -> Clip:
    """The clip as a loop: its last half second is blended into its first pose where the two differ.

    Raises:
        SpecError: the clip is too short, or its ends are too far apart for a blend.
    """
    degrees, metres = measure_seam(clip)
    if degrees <= _MAX_SEAM_DEGREES and metres <= _MAX_SEAM_M:
        return replace(clip, loop=True)
    problem = ""
    if metres > _MAX_BLEND_M:
        problem = f"ends {metres:.2f} m from where it starts"
    elif degrees > _MAX_BLEND_DEGREES:
        problem = f"ends in another pose: a joint differs by {degrees:.0f} degrees"
    elif clip.times[-1] < 2 * _BLEND_S:
        problem = f"lasts {clip.times[-1]:.2f} s, too short to blend its end into its start"
    if problem:
        raise SpecError(Finding("motion/loop", f"motion.clips: clip {clip.name} cannot loop: it {problem}", fix=_FIX))
    share = _ease((clip.times - (clip.times[-1] - _BLEND_S)) / _BLEND_S)
    first = np.broadcast_to(clip.rotations[:1], clip.rotations.shape)
    rotations = slerp(clip.rotations, first, np.broadcast_to(share[:, None], clip.rotations.shape[:2]))
    root, face = (values + (values[:1] - values) * share[:, None] for values in (clip.root, clip.face))
    return replace(clip, rotations=make_continuous(rotations), root=root.astype(np.float32), face=face.astype(np.float32), loop=True)


def measure_seam(clip: Clip) -> tuple[float, float]:
    """Degrees of the joint and metres of the root that differ most between the last frame and the first."""
    between = multiply(inverse(clip.rotations[0]), clip.rotations[-1])
    # The arcsine of the vector part: near 0 the arccosine of w loses half of float32's digits.
    degrees = np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(between[:, :3], axis=1), 0, 1)))
    return float(degrees.max()), float(np.linalg.norm(clip.root[-1] - clip.root[0]))


def _ease(share: Floats) -> Floats:
    """0 to 1 without a jump of speed."""
    s = np.clip(share, 0, 1)
    return np.asarray(s * s * (3 - 2 * s), np.float32)
