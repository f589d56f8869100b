"""Motion capture from video: errors of joints and angles against the known movement of a rendered film.

python -m bench.motion        one JSON line per method, for assets/presets/kofi_reach.mp4

`ours` is stages.motion and stages.retarget; `plain` aims each bone at the same raw landmarks by the smallest rotation, frame by frame,
without cleaning, hinges, hands or floor. Positions are relative to the hips, both on the filmed body's skeleton.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip, Motion
from assets.conventions import ARKIT_52, JOINTS, MORPHS_67, PARENTS
from assets.rotation import IDENTITY, forward_kinematics, from_two_vectors, slerp, to_local
from assets.spec.behaviour import ClipSpec, MotionSpec, RetargetSpec
from bench.render_reach import FPS, PRESETS, build_from_spec, make_body_clip
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.landmark_track import ANKLES, ELBOWS, HIPS, KNEES, SHOULDERS, WRISTS, LandmarkTrack
from stages.motion.mediapipe import track_landmarks
from stages.motion.stage import run as run_motion
from stages.retarget.feet import detect_contacts
from stages.retarget.stage import run as run_retarget

LIMB_JOINTS = tuple(f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))
BONES = {"upper arm": ("Arm", "ForeArm"), "forearm": ("ForeArm", "Hand"), "thigh": ("UpLeg", "Leg"), "shin": ("Leg", "Foot")}


def solve_baseline(track: LandmarkTrack) -> Clip:
    """The baseline: every bone aimed at its landmarks by the smallest rotation."""
    target = build_canonical_skeleton()
    heads = dict(zip(JOINTS, target.heads, strict=True))
    points = track.world_points
    world = {"Hips": np.tile(IDENTITY, (len(points), 1))}
    up = points[:, SHOULDERS].mean(1) - points[:, HIPS].mean(1)
    world["Spine"] = from_two_vectors((0.0, 1.0, 0.0), up)
    marks = {"Arm": (SHOULDERS, ELBOWS, "ForeArm"), "ForeArm": (ELBOWS, WRISTS, "Hand"), "UpLeg": (HIPS, KNEES, "Leg"),
             "Leg": (KNEES, ANKLES, "Foot")}  # fmt: skip
    for i, side in enumerate(("Left", "Right")):
        for bone, (start, end, tip) in marks.items():
            rest = heads[f"{side}{tip}"] - heads[f"{side}{bone}"]
            world[f"{side}{bone}"] = from_two_vectors(rest, points[:, end[i]] - points[:, start[i]])
        world[f"{side}Foot"] = world["Hips"]
    turns = np.tile(IDENTITY, (len(points), len(JOINTS), 1))
    for joint, (name, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        turns[:, joint] = world[name] if name in world else turns[:, parent]
    root = np.zeros((len(points), 3), np.float32)
    return Clip("plain", track.times, to_local(PARENTS, turns), root, root[:, :0])


def resample_clip(clip: Clip, times: Floats) -> Clip:
    """The clip at these times, interpolated."""
    position = np.interp(times, clip.times, np.arange(len(clip.times)))
    low = np.minimum(position.astype(int), len(clip.times) - 2)
    share = (position - low).astype(np.float32)
    rotations = slerp(clip.rotations[low], clip.rotations[low + 1], np.repeat(share[:, None], clip.rotations.shape[1], 1))
    root = np.stack([np.interp(times, clip.times, column) for column in clip.root.T], 1).astype(np.float32)
    return replace(clip, times=times, rotations=rotations, root=root)


def compare_clips(clip: Clip, truth: Clip, skeleton: Skeleton) -> dict[str, object]:
    """Joint errors in mm relative to the hips, direction and rotation errors in degrees, slide of standing feet, jitter."""
    got, rotations = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)
    want, true = forward_kinematics(skeleton.parents, skeleton.heads, truth.rotations, truth.root)
    joints = [skeleton.names.index(name) for name in LIMB_JOINTS]
    apart = np.linalg.norm((got - got[:, :1]) - (want - want[:, :1]), axis=-1)[:, joints] * 1000
    directions = {}
    for bone, (a, b) in BONES.items():
        pairs = [(skeleton.names.index(f"{side}{a}"), skeleton.names.index(f"{side}{b}")) for side in ("Left", "Right")]
        directions[bone] = round(
            float(np.mean([_measure_direction_error(got[:, j] - got[:, i], want[:, j] - want[:, i]) for i, j in pairs])), 1
        )
    angle = {name: round(float(_measure_rotation_error(rotations[:, skeleton.names.index(name)], true[:, skeleton.names.index(name)])), 1)
             for name in ("Hips", "Spine2", "Head", "LeftHand", "RightHand")}  # fmt: skip
    limbs = [skeleton.names.index(name) for name in LIMB_JOINTS if name not in ("LeftHand", "RightHand")]
    return {
        "joint_error_mm": round(float(apart.mean()), 1),
        "absolute_mm": round(1000 * float(np.linalg.norm(got - want, axis=-1)[:, joints].mean()), 1),
        "worst_joint_mm": {LIMB_JOINTS[k]: round(float(apart[:, k].mean()), 1) for k in np.argsort(-apart.mean(0))[:3]},
        "direction_deg": directions, "rotation_deg": angle,
        "limb_rotation_deg": round(float(np.mean([_measure_rotation_error(rotations[:, j], true[:, j]) for j in limbs])), 1),
        "foot_slide_mm_a_frame": round(_measure_foot_slide(clip, truth, skeleton, got), 2),
        "lowest_ankle_mm": round(1000 * float((got[:, [skeleton.names.index("LeftFoot"), skeleton.names.index("RightFoot")], 1]
                                               - skeleton.heads[skeleton.names.index("LeftFoot"), 1]).min()), 1),
        "acceleration_mm": round(1000 * float(np.linalg.norm(np.diff(got[:, joints], 2, axis=0), axis=-1).mean()), 2),
    }  # fmt: skip


def _measure_direction_error(a: Floats, b: Floats) -> float:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


def _measure_rotation_error(a: Floats, b: Floats) -> float:
    return float(np.degrees(2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0, 1))).mean())


def _measure_foot_slide(clip: Clip, truth: Clip, skeleton: Skeleton, places: Floats) -> float:
    """Mean millimetres per frame that feet slide along the floor while the true ones stand."""
    steps = []
    for side in ("Left", "Right"):
        down = detect_contacts(truth, skeleton, side)
        step = np.linalg.norm(np.diff(places[:, skeleton.names.index(f"{side}Foot")][:, [0, 2]], axis=0), axis=-1)
        steps.append(step[down[1:] & down[:-1]])
    return 1000 * float(np.concatenate(steps).mean())


def compare_faces(clip: Clip, truth: Clip) -> dict[str, object]:
    """Correlation of each weight that the truth moves, and the mean of all others, which should be near 0."""
    if not clip.face.shape[1] or not truth.face.shape[1]:
        return {}
    moving = [i for i in range(len(MORPHS_67)) if np.ptp(truth.face[:, i]) > 0.1]
    found = {MORPHS_67[i]: round(float(np.corrcoef(clip.face[:, i], truth.face[:, i])[0, 1]), 2)
             for i in moving if np.ptp(clip.face[:, i]) > 1e-6}  # fmt: skip
    others = [i for i in range(len(ARKIT_52)) if i not in moving]
    return {"face_correlation": found, "face_elsewhere": round(float(clip.face[:, others].mean()), 3)}


def measure_methods(video: Path, body: Body, truth: Clip) -> Iterator[dict[str, object]]:
    """A row for ours with locked feet, ours without, and the baseline."""
    options = MotionSpec(clips=(ClipSpec(name="read", video=str(video)),), fps=FPS)
    started = time.perf_counter()
    motion = run_motion(options=options, seed=0)
    seconds = time.perf_counter() - started
    clip = next(c for c in motion.clips if c.name == "read")
    frames = len(clip.times)
    for label, retarget in (("ours", RetargetSpec()), ("ours, feet free", RetargetSpec(lock_feet=False))):
        ours = run_retarget(Motion(motion.skeleton, (clip,)), body, options=retarget, seed=0).clips[0]
        true = resample_clip(truth, ours.times)
        face = compare_faces(replace(ours, face=clip.face), replace(true, face=_resample_face(truth, ours.times)))
        yield {"method": label, "frames": frames, "ms_a_frame": round(1000 * seconds / frames, 1),
               **compare_clips(ours, true, body.skeleton), **face, "warnings": list(motion.warnings)}  # fmt: skip
    base = solve_baseline(track_landmarks(video, []))
    base = run_retarget(Motion(build_canonical_skeleton(), (base,)), body, options=RetargetSpec(lock_feet=False), seed=0).clips[0]
    yield {"method": "plain", "frames": len(base.times), **compare_clips(base, resample_clip(truth, base.times), body.skeleton)}


def _resample_face(truth: Clip, times: Floats) -> Floats:
    columns = [np.interp(times, truth.times, column) for column in truth.face.T]
    return np.array(columns, np.float32).reshape(len(columns), len(times)).T


def main() -> None:
    body = build_from_spec()[0]
    for row in measure_methods(PRESETS / "kofi_reach.mp4", body, make_body_clip(body)):
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
