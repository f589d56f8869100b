"""Landmarks of body, hands and face -> joint rotations of the canonical skeleton.

Every limb is aimed along its two landmarks and rolled by the plane that it bends in; lengths stay the skeleton's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import ARKIT_52, JOINTS, MORPHS_67, PARENTS
from assets.rotation import (
    IDENTITY,
    about,
    between,
    continuous,
    forward_kinematics,
    frame,
    inverse,
    multiply,
    rotate,
    slerp,
    to_local,
    unit,
)  # fmt: skip
from stages.motion.canonical_skeleton import canonical
from stages.motion.clips import STANCE, settled, stand
from stages.motion.fingers import bent
from stages.motion.landmark_track import ANKLES, EARS, ELBOWS, HEELS, HIPS, KNEES, NOSE, SHOULDERS, TOES, WRISTS, Track

_HEADS = dict(zip(JOINTS, canonical().heads.astype(np.float64), strict=True))
_NECK_SHARE, _ROLL_SHARE, _CLAVICLE_SHARE = 0.4, 0.5, 0.22
_HIP_SHARE = 0.5
_UPRIGHT, _MOST_LEAN = np.radians(3), np.radians(20)
_WRIST_LIMIT, _ROLL_LIMIT = np.radians(60), np.radians(40)
"""Arms roll farther, but small hands are often read palm for back: a lower limit halves that error and costs true rolls little."""
_FLOOR = 0.06
"""Metres over the lowest ankle within which a foot lies flat."""
_STILL = 0.12
"""Metres that ankles of somebody who stands may seem to move."""
_FACE_FOUND = 0.3
Turned = dict[str, Floats]


def solved(track: Track) -> tuple[Floats, Floats, bool]:
    """Local rotations (f,j,4), the hips' way (f,3), and whether the legs were in the picture."""
    world: Turned = {}
    _torso(world, track)
    _head(world, track)
    fingers: Turned = {}
    for side in (0, 1):
        _arm(world, track, side)
        fingers |= bent(track, side)
        _leg(world, track, side)
    turns = np.tile(IDENTITY, (len(track.times), len(JOINTS), 1))
    for joint, (name, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        turns[:, joint] = world[name] if name in world else turns[:, parent]
    local = to_local(PARENTS, turns)
    for name, turned in fingers.items():
        local[:, JOINTS.index(name)] = turned
    whole = _legs_shown(track)
    root = np.zeros((len(track.times), 3), np.float32)
    if not whole:
        root[:, 1] = -settled(STANCE)
        stand(local, root)
    elif _stands(track):
        root, stance = _standing(track)
        stand(local, root, stance)
    else:
        root = _way(track, local)
    return continuous(unit(local)), root, whole


def _legs_shown(track: Track) -> bool:
    """The ankles are in the picture for most of the time; out of it the model only guesses."""
    return float(np.mean(track.flat[:, ANKLES, 1].max(1) < 0.995 * track.size[1])) > 0.5


def _trunk(track: Track) -> Floats:
    """(f,3) from the hips' middle to the shoulders', without the forward lean that is there even at the straightest.

    Seen from the front the model puts the hips too far back: a person who stands upright leans forward by some 12 degrees, while
    the arms' directions are right (see the bench). The quarter of a clip that leans least is taken to be straight.
    """
    points = track.solid
    trunk = points[:, SHOULDERS].mean(1) - points[:, HIPS].mean(1)
    ahead = np.cross(points[:, HIPS[0]] - points[:, HIPS[1]], (0.0, 1.0, 0.0))
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    lean = np.arctan2((trunk * ahead).sum(1), trunk[:, 1])
    excess = float(np.clip(np.percentile(lean, 25) - _UPRIGHT, -_MOST_LEAN, _MOST_LEAN))
    return rotate(about(np.cross((0.0, 1.0, 0.0), ahead), np.full(len(points), -excess)), trunk)


def _torso(world: Turned, track: Track) -> None:
    """The hips turn with the hips' line, the chest with the shoulders'; the spine shares what is between them."""
    points = track.solid
    hips, shoulders = points[:, HIPS], points[:, SHOULDERS]
    up = _trunk(track)
    rest_up = (_HEADS["LeftArm"] + _HEADS["RightArm"] - _HEADS["LeftUpLeg"] - _HEADS["RightUpLeg"]) / 2
    # Who bends forward does half of it in the hip joints' stead: the pelvis leans half as far as the trunk.
    height = np.linalg.norm(up, axis=1, keepdims=True)
    pelvis = _HIP_SHARE * up + (1 - _HIP_SHARE) * height * np.array([0, 1, 0])
    world["Hips"] = multiply(frame(hips[:, 0] - hips[:, 1], pelvis), inverse(frame((1, 0, 0), rest_up)))
    # The shoulders' line rises with a lifted arm: the chest takes its direction, not its slope.
    side = shoulders[:, 0] - shoulders[:, 1]
    level = side - (side * up).sum(-1, keepdims=True) / (up * up).sum(-1, keepdims=True) * up
    chest = multiply(frame(level, up), inverse(frame((1, 0, 0), rest_up)))
    for share, joint in ((1 / 3, "Spine"), (2 / 3, "Spine1"), (1.0, "Spine2")):
        world[joint] = slerp(world["Hips"], chest, np.full(len(chest), share))


def _head(world: Turned, track: Track) -> None:
    chest = world["Spine2"]
    if track.face_seen.mean() > _FACE_FOUND:
        head = np.where(track.face_seen[:, None], track.head, chest)
    else:
        ears, nose = track.solid[:, EARS], track.solid[:, NOSE]
        side, ahead = ears[:, 0] - ears[:, 1], nose - ears.mean(1)
        head = multiply(inverse(chest), frame(side, np.cross(ahead, side)))
        # Nobody tells how high this nose sits: over the whole clip people look level.
        level = 2 * np.arctan2(np.median(head[:, 0]), np.median(head[:, 3]))
        head = multiply(chest, multiply(head, np.array([-np.sin(level / 2), 0, 0, np.cos(level / 2)])))
    world["Head"] = unit(head)
    world["Neck"] = slerp(chest, world["Head"], np.full(len(chest), _NECK_SHARE))


def _limb(first: Floats, second: Floats, rest: ArrayLike, below: ArrayLike, axis: ArrayLike, parent: Floats,
          one_way: bool) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """World turns (f,4) of a limb's two bones, and its hinge axis (f,3).

    Args:
        first, second: (f,3) where the bones point.
        rest, below: (3,) where they point in the bind.
        axis: (3,) the hinge's axis in the bind.
        parent: (f,4) world turns of what the limb hangs from.
        one_way: True where the hinge cannot bend backwards.
    """
    free = rotate(multiply(between(rotate(parent, rest), first), parent), axis)
    plane = np.cross(first, second)
    plane = plane / np.maximum(np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1), 1e-9)[:, None]
    sine = np.linalg.norm(plane, axis=1, keepdims=True)
    # A straight limb has no plane: below some 10 degrees the roll is what the parent gives, over 30 it is measured.
    share = np.clip((sine - 0.17) / 0.33, 0, 1)
    agree = (plane * free).sum(-1, keepdims=True) / np.maximum(sine, 1e-9)
    share = share * np.clip((agree + (0.0 if one_way else 0.6)) / 0.4, 0, 1)
    hinge = share * plane / np.maximum(sine, 1e-9) + (1 - share) * free
    upper = multiply(frame(first, hinge), inverse(frame(rest, axis)))
    lower = multiply(frame(second, hinge), inverse(frame(below, axis)))
    return upper, lower, np.asarray(hinge, np.float32)


def _arm(world: Turned, track: Track, side: int) -> None:
    name, sign = ("Left", "Right")[side], (1.0, -1.0)[side]
    shoulder, elbow, wrist = (track.solid[:, part[side]] for part in (SHOULDERS, ELBOWS, WRISTS))
    chest, out = world["Spine2"], np.array([sign, 0, 0])
    # The collar bone follows a lifted arm by about a quarter (scapulohumeral rhythm); it is not seen.
    way = rotate(inverse(chest), elbow - shoulder)
    lift = np.arcsin(np.clip(way[:, 1] / np.maximum(np.linalg.norm(way, axis=1), 1e-9), -1, 1))
    rise = sign * _CLAVICLE_SHARE * np.maximum(lift + np.radians(20), 0)
    zero = np.zeros_like(rise)
    world[f"{name}Shoulder"] = multiply(chest, np.stack([zero, zero, np.sin(rise / 2), np.cos(rise / 2)], 1))
    upper, lower, _ = _limb(elbow - shoulder, wrist - elbow, out, out, np.array([0, -sign, 0]), chest, False)
    world[f"{name}Arm"], world[f"{name}ForeArm"], world[f"{name}Hand"] = upper, lower, lower
    _palm(world, track, side)


def _palm(world: Turned, track: Track, side: int) -> None:
    """Turns the hand by its landmarks, and gives the forearm its share of the roll."""
    name = ("Left", "Right")[side]
    hand, lower = track.hands[:, side], world[f"{name}ForeArm"]
    if not track.hand_seen[:, side].any():
        return
    rest = {part: _HEADS[f"{name}Hand{part}1"] for part in ("Index", "Middle", "Pinky")}
    bind = frame(rest["Middle"] - _HEADS[f"{name}Hand"], rest["Index"] - rest["Pinky"])
    palm = multiply(frame(hand[:, 9] - hand[:, 0], hand[:, 5] - hand[:, 17]), inverse(bind))
    turn = multiply(inverse(lower), palm)
    turn = np.where(turn[:, 3:] < 0, -turn, turn)
    roll = unit(turn * np.array([1, 0, 0, 1]))
    swing = multiply(turn, inverse(roll))
    half = np.clip(np.arctan2(roll[:, 0], roll[:, 3]), -_ROLL_LIMIT / 2, _ROLL_LIMIT / 2)
    roll = np.stack([np.sin(half), 0 * half, 0 * half, np.cos(half)], 1).astype(np.float32)
    angle = 2 * np.arccos(np.clip(np.abs(swing[:, 3]), 0, 1))
    swing = slerp(np.broadcast_to(IDENTITY, swing.shape), swing, np.minimum(1, _WRIST_LIMIT / np.maximum(angle, 1e-6)))
    share = _faded(track.hand_seen[:, side])
    still = np.broadcast_to(IDENTITY, turn.shape)
    world[f"{name}Hand"] = multiply(lower, slerp(still, multiply(swing, roll), share))
    world[f"{name}ForeArm"] = multiply(lower, slerp(still, roll, share * _ROLL_SHARE))


def _faded(mask: NDArray[np.bool_], reach: int = 9) -> Floats:
    """(f,) 0..1, the mask with soft edges."""
    padded = np.pad(mask.astype(np.float32), reach // 2, mode="edge")
    return np.convolve(padded, np.full(reach, 1 / reach, np.float32), "valid").astype(np.float32)


def _leg(world: Turned, track: Track, side: int) -> None:
    name = ("Left", "Right")[side]
    hip, knee, ankle = (track.solid[:, part[side]] for part in (HIPS, KNEES, ANKLES))
    thigh = _HEADS[f"{name}Leg"] - _HEADS[f"{name}UpLeg"]
    shin = _HEADS[f"{name}Foot"] - _HEADS[f"{name}Leg"]
    upper, lower, hinge = _limb(knee - hip, ankle - knee, thigh, shin, np.array([1.0, 0, 0]), world["Hips"], True)
    world[f"{name}UpLeg"], world[f"{name}Leg"] = upper, lower
    ahead = track.solid[:, TOES[side]] - track.solid[:, HEELS[side]]
    # A foot near the floor lies flat on it: only where it points is measured.
    height = ankle[:, 1] - track.solid[:, ANKLES, 1].min(1)
    flat = np.clip(2 - height / _FLOOR, 0, 1)
    ahead = ahead * np.stack([np.ones_like(flat), 1 - flat, np.ones_like(flat)], 1)
    tilted = hinge - (hinge * ahead).sum(-1, keepdims=True) / np.maximum((ahead * ahead).sum(-1, keepdims=True), 1e-9) * ahead
    level = np.cross((0.0, 1.0, 0.0), ahead)
    level = level / np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    across = flat[:, None] * level + (1 - flat[:, None]) * tilted
    world[f"{name}Foot"] = frame(across, np.cross(ahead, across))


def _metres(track: Track) -> float:
    """Metres in a pixel, by the median length of the trunk in the picture."""
    trunk = np.linalg.norm(track.flat[:, SHOULDERS].mean(1) - track.flat[:, HIPS].mean(1), axis=1)
    return float(_HEADS["LeftArm"][1] - _HEADS["LeftUpLeg"][1]) / max(float(np.median(trunk)), 1.0)


def _stands(track: Track) -> bool:
    """Both ankles keep their place in the picture all the time."""
    low, high = np.percentile(track.flat[:, ANKLES], (3, 97), axis=0)
    return float((high - low).max()) * _metres(track) < _STILL


def _standing(track: Track) -> tuple[Floats, tuple[float, float]]:
    """The hips' way (f,3) as the picture shows it, and where left and right ankle stand, metres from the middle.

    The model's depth bends the knees of who stands straight; that the hips keep their height in the picture says that they do not.
    """
    metres = _metres(track)
    middle = track.flat[:, HIPS].mean(1)
    feet = np.median(track.flat[:, ANKLES, 0], axis=0)
    half = float(np.clip((feet[0] - feet[1]) / 2 * metres, 0.04, 0.35))
    root = np.zeros((len(middle), 3), np.float32)
    root[:, 0] = (middle[:, 0] - feet.mean()) * metres
    root[:, 1] = (np.percentile(middle[:, 1], 5) - middle[:, 1]) * metres - settled(half)
    return root, (half, -half)


def _way(track: Track, local: Floats) -> Floats:
    """(f,3) the hips' way of who walks or steps: sideways from the picture, up from the foot that stands on the floor."""
    skeleton = canonical()
    feet = [JOINTS.index("LeftFoot"), JOINTS.index("RightFoot")]
    root = np.zeros((len(local), 3), np.float32)
    ankles = forward_kinematics(skeleton.parents, skeleton.heads, local, root)[0][:, feet]
    middle = track.flat[:, HIPS, 0].mean(1)
    root[:, 0] = (middle - np.median(middle[:10])) * _metres(track)
    root[:, 1] = skeleton.heads[feet[0], 1] - ankles[:, :, 1].min(1)
    return root


def face_weights(track: Track) -> Floats:
    """(f,67) weights of MORPHS_67 over the person's own resting face, or (f,0) where the face is hardly ever seen.

    The models call no face quite neutral; what a person shows in the quietest tenth of the clip is taken to be rest.
    """
    if track.face_seen.mean() < _FACE_FOUND:
        return np.zeros((len(track.times), 0), np.float32)
    rest = np.minimum(np.percentile(track.face[track.face_seen], 10, axis=0), 0.6)
    weights = np.zeros((len(track.times), len(MORPHS_67)), np.float32)
    shown = np.clip((track.face - rest) / (1 - rest), 0, 1) * _faded(track.face_seen)[:, None]
    weights[:, [MORPHS_67.index(name) for name in ARKIT_52]] = shown
    close, jaw = MORPHS_67.index("mouthClose"), MORPHS_67.index("jawOpen")
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    return weights
