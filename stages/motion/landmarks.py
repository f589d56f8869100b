"""Landmarks of body, hands and face -> joint rotations of the canonical skeleton.

Every limb is aimed along its landmarks and rolled by the plane in which it bends; bone lengths remain the skeleton's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS, PARENTS
from assets.rotation import (
    IDENTITY,
    from_axes,
    from_axis_angle,
    from_two_vectors,
    inverse,
    make_continuous,
    multiply,
    normalize_quaternions,
    prefer_positive_w,
    rotate,
    slerp,
    to_local,
)  # fmt: skip
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop, solve_standing_legs
from stages.motion.face_weights import soften_mask
from stages.motion.fingers import solve_fingers
from stages.motion.gravity import align_to_gravity, find_upright_frames
from stages.motion.head_pose import limit_heads
from stages.motion.landmark_track import ANKLES, ELBOWS, HEELS, HIPS, KNEES, SHOULDERS, TOES, WRISTS, LandmarkTrack
from stages.motion.planted_feet import plant_feet
from stages.motion.root_path import solve_root

_HEADS = dict(zip(JOINTS, build_canonical_skeleton().heads.astype(np.float64), strict=True))
_NECK_SHARE, _ROLL_SHARE, _CLAVICLE_SHARE = 0.4, 0.5, 0.22
_HIP_SHARE = 0.5
_UPRIGHT_LEAN, _MAX_LEAN = np.radians(3), np.radians(20)
_MAX_WRIST_SWING, _MAX_ARM_ROLL = np.radians(60), np.radians(40)
"""Real arms roll further, but small hands are often misread as their back: the limit halves that error and costs real rolls little."""
_MAX_FLAT_FOOT_HEIGHT = 0.06
"""Metres above the lowest ankle below which a foot is flat on the floor."""
WorldTurns = dict[str, Floats]


def solve_pose(track: LandmarkTrack) -> tuple[Floats, Floats, bool]:
    """Local rotations (f,j,4), displacement of the hips (f,3), and whether the legs are in the picture."""
    world: WorldTurns = {}
    seen, track = track, align_to_gravity(track)
    _solve_torso(world, track)
    _solve_head(world, track)
    fingers: WorldTurns = {}
    for side in (0, 1):
        _solve_arm(world, track, side)
        fingers |= solve_fingers(track, side)
        _solve_leg(world, track, side)
    turns = np.tile(IDENTITY, (len(track.times), len(JOINTS), 1))
    for joint, (name, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        turns[:, joint] = world[name] if name in world else turns[:, parent]
    local = to_local(PARENTS, turns)
    for name, rotations in fingers.items():
        local[:, JOINTS.index(name)] = rotations
    has_legs = _has_visible_legs(track)
    if has_legs:
        root, standing = solve_root(seen, track, local)
        plant_feet(local, root, standing, find_upright_frames(track.world_points))
    else:
        root = np.zeros((len(track.times), 3), np.float32)
        root[:, 1] = -compute_hip_drop(STANCE_HALF_WIDTH)
        solve_standing_legs(local, root)
    return make_continuous(normalize_quaternions(local)), root, has_legs


def _has_visible_legs(track: LandmarkTrack) -> bool:
    """Whether the ankles are in the picture most of the time; outside it the model only guesses them."""
    return float(np.mean(track.image_points[:, ANKLES, 1].max(1) < 0.995 * track.size[1])) > 0.5


def _straighten_trunk(track: LandmarkTrack) -> Floats:
    """(f,3) from the middle of the hips to that of the shoulders, without the lean that the model adds.

    Apart from the lean of the whole body the model places the hips too far back. What the trunk leans in upright frames is that error.
    """
    points = track.world_points
    trunk = points[:, SHOULDERS].mean(1) - points[:, HIPS].mean(1)
    ahead = np.cross(points[:, HIPS[0]] - points[:, HIPS[1]], (0.0, 1.0, 0.0))
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    lean = np.arctan2((trunk * ahead).sum(1), trunk[:, 1])
    # From upright frames alone: who stays bent stays bent.
    upright = find_upright_frames(points)
    excess = float(np.clip(np.median(lean[upright]) - _UPRIGHT_LEAN, -_MAX_LEAN, _MAX_LEAN)) if upright.sum() > 2 else 0.0
    return rotate(from_axis_angle(np.cross((0.0, 1.0, 0.0), ahead), np.full(len(points), -excess)), trunk)


def _solve_torso(world: WorldTurns, track: LandmarkTrack) -> None:
    """The pelvis follows the line of the hips, the chest that of the shoulders; the spine interpolates between them."""
    points = track.world_points
    hips, shoulders = points[:, HIPS], points[:, SHOULDERS]
    up = _straighten_trunk(track)
    rest_up = (_HEADS["LeftArm"] + _HEADS["RightArm"] - _HEADS["LeftUpLeg"] - _HEADS["RightUpLeg"]) / 2
    # Half of a forward bend is in the hip joints: the pelvis leans half as far as the trunk.
    height = np.linalg.norm(up, axis=1, keepdims=True)
    pelvis = _HIP_SHARE * up + (1 - _HIP_SHARE) * height * np.array([0, 1, 0])
    world["Hips"] = multiply(from_axes(hips[:, 0] - hips[:, 1], pelvis), inverse(from_axes((1, 0, 0), rest_up)))
    # A lifted arm tilts the line of the shoulders: the chest takes its heading, not its slope.
    side = shoulders[:, 0] - shoulders[:, 1]
    level = side - (side * up).sum(-1, keepdims=True) / (up * up).sum(-1, keepdims=True) * up
    chest = multiply(from_axes(level, up), inverse(from_axes((1, 0, 0), rest_up)))
    for share, joint in ((1 / 3, "Spine"), (2 / 3, "Spine1"), (1.0, "Spine2")):
        world[joint] = slerp(world["Hips"], chest, np.full(len(chest), share))


def _solve_head(world: WorldTurns, track: LandmarkTrack) -> None:
    chest = world["Spine2"]
    world["Head"] = normalize_quaternions(limit_heads(track.head, chest))
    world["Neck"] = slerp(chest, world["Head"], np.full(len(chest), _NECK_SHARE))


def _solve_limb(first: Floats, second: Floats, rest: ArrayLike, below: ArrayLike, axis: ArrayLike, parent: Floats,
          one_way: bool) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """World rotations (f,4) of a limb's two bones, and its hinge axis (f,3).

    Args:
        first, second: (f,3) directions of the bones.
        rest, below: (3,) their directions in the bind pose.
        axis: (3,) the hinge axis in the bind pose.
        parent: (f,4) world rotations of the parent joint.
        one_way: True where the hinge cannot bend backwards.
    """
    free = rotate(multiply(from_two_vectors(rotate(parent, rest), first), parent), axis)
    plane = np.cross(first, second)
    plane = plane / np.maximum(np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1), 1e-9)[:, None]
    sine = np.linalg.norm(plane, axis=1, keepdims=True)
    # A straight limb defines no plane: below 10 degrees of bend the roll comes from the parent, above 30 from the landmarks.
    share = np.clip((sine - 0.17) / 0.33, 0, 1)
    agree = (plane * free).sum(-1, keepdims=True) / np.maximum(sine, 1e-9)
    share = share * np.clip((agree + (0.0 if one_way else 0.6)) / 0.4, 0, 1)
    hinge = share * plane / np.maximum(sine, 1e-9) + (1 - share) * free
    upper = multiply(from_axes(first, hinge), inverse(from_axes(rest, axis)))
    lower = multiply(from_axes(second, hinge), inverse(from_axes(below, axis)))
    return upper, lower, np.asarray(hinge, np.float32)


def _solve_arm(world: WorldTurns, track: LandmarkTrack, side: int) -> None:
    name, sign = ("Left", "Right")[side], (1.0, -1.0)[side]
    shoulder, elbow, wrist = (track.world_points[:, part[side]] for part in (SHOULDERS, ELBOWS, WRISTS))
    chest, out = world["Spine2"], np.array([sign, 0, 0])
    # The clavicle has no landmark; it follows a lifted arm by about a quarter (scapulohumeral rhythm).
    direction = rotate(inverse(chest), elbow - shoulder)
    lift = np.arcsin(np.clip(direction[:, 1] / np.maximum(np.linalg.norm(direction, axis=1), 1e-9), -1, 1))
    rise = sign * _CLAVICLE_SHARE * np.maximum(lift + np.radians(20), 0)
    zero = np.zeros_like(rise)
    world[f"{name}Shoulder"] = multiply(chest, np.stack([zero, zero, np.sin(rise / 2), np.cos(rise / 2)], 1))
    upper, lower, _ = _solve_limb(elbow - shoulder, wrist - elbow, out, out, np.array([0, -sign, 0]), chest, False)
    world[f"{name}Arm"], world[f"{name}ForeArm"], world[f"{name}Hand"] = upper, lower, lower
    _solve_hand(world, track, side)


def _solve_hand(world: WorldTurns, track: LandmarkTrack, side: int) -> None:
    """Rotates the hand by its landmarks, and the forearm by a share of the roll."""
    name = ("Left", "Right")[side]
    hand, lower = track.hands[:, side], world[f"{name}ForeArm"]
    if not track.hand_seen[:, side].any():
        return
    rest = {part: _HEADS[f"{name}Hand{part}1"] for part in ("Index", "Middle", "Pinky")}
    bind = from_axes(rest["Middle"] - _HEADS[f"{name}Hand"], rest["Index"] - rest["Pinky"])
    palm = multiply(from_axes(hand[:, 9] - hand[:, 0], hand[:, 5] - hand[:, 17]), inverse(bind))
    turn = prefer_positive_w(multiply(inverse(lower), palm))
    # Swing and twist: x and w alone are the twist about the forearm, which is along X in the bind pose.
    roll = normalize_quaternions(turn * np.array([1, 0, 0, 1]))
    swing = multiply(turn, inverse(roll))
    half = np.clip(np.arctan2(roll[:, 0], roll[:, 3]), -_MAX_ARM_ROLL / 2, _MAX_ARM_ROLL / 2)
    roll = np.stack([np.sin(half), 0 * half, 0 * half, np.cos(half)], 1).astype(np.float32)
    angle = 2 * np.arccos(np.clip(np.abs(swing[:, 3]), 0, 1))
    swing = slerp(np.broadcast_to(IDENTITY, swing.shape), swing, np.minimum(1, _MAX_WRIST_SWING / np.maximum(angle, 1e-6)))
    share = soften_mask(track.hand_seen[:, side])
    still = np.broadcast_to(IDENTITY, turn.shape)
    world[f"{name}Hand"] = multiply(lower, slerp(still, multiply(swing, roll), share))
    world[f"{name}ForeArm"] = multiply(lower, slerp(still, roll, share * _ROLL_SHARE))


def _solve_leg(world: WorldTurns, track: LandmarkTrack, side: int) -> None:
    name = ("Left", "Right")[side]
    hip, knee, ankle = (track.world_points[:, part[side]] for part in (HIPS, KNEES, ANKLES))
    thigh = _HEADS[f"{name}Leg"] - _HEADS[f"{name}UpLeg"]
    shin = _HEADS[f"{name}Foot"] - _HEADS[f"{name}Leg"]
    upper, lower, hinge = _solve_limb(knee - hip, ankle - knee, thigh, shin, np.array([1.0, 0, 0]), world["Hips"], True)
    world[f"{name}UpLeg"], world[f"{name}Leg"] = upper, lower
    ahead = track.world_points[:, TOES[side]] - track.world_points[:, HEELS[side]]
    # A foot near the floor is assumed to be flat: only its heading is measured.
    height = ankle[:, 1] - track.world_points[:, ANKLES, 1].min(1)
    flat = np.clip(2 - height / _MAX_FLAT_FOOT_HEIGHT, 0, 1)
    ahead = ahead * np.stack([np.ones_like(flat), 1 - flat, np.ones_like(flat)], 1)
    tilted = hinge - (hinge * ahead).sum(-1, keepdims=True) / np.maximum((ahead * ahead).sum(-1, keepdims=True), 1e-9) * ahead
    level = np.cross((0.0, 1.0, 0.0), ahead)
    level = level / np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    across = flat[:, None] * level + (1 - flat[:, None]) * tilted
    world[f"{name}Foot"] = from_axes(across, np.cross(ahead, across))
