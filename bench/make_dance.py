"""Writes assets/presets/idol_dance.bvh: two bars of a dance to 120 beats a minute. Keyed by hand, nobody was recorded."""

from __future__ import annotations

import numpy as np

from assets.artefacts.motion import Clip
from assets.formats.bvh import export_bvh
from assets.spec.read import PRESETS_FOLDER
from assets.store import write_atomic
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop, solve_standing_legs
from stages.motion.keyed_poses import REST_TURNS, JointTurns, add_turns, curl_fingers, interpolate_keys, parse_pose

FPS, BEAT_S, BEATS = 15, 0.5, 8
"""Few frames keep the file small; a reader interpolates."""
FILE = PRESETS_FOLDER / "idol_dance.bvh"
_HIGH = {"Shoulder": "z12", "Arm": "z46 y-18", "ForeArm": "y-30", "Hand": "z6", **curl_fingers(0.15)}
_SIDE = {"Shoulder": "z4", "Arm": "z-18 y-8", "ForeArm": "y-24 x-20", "Hand": "z8", **curl_fingers(0.2)}
_HEART = {"Shoulder": "z4", "Arm": "z-52 y-34 x-40", "ForeArm": "y-112", "Hand": "z4", **curl_fingers(0.4)}


def list_keys() -> list[tuple[float, JointTurns]]:
    """(seconds, pose) of the beats."""
    poses = [
        REST_TURNS,
        parse_pose(left=_SIDE, right=_SIDE, middle={"Spine1": "z3", "Head": "z-6"}),
        parse_pose(left=_HIGH, right=_SIDE, middle={"Spine1": "z-5", "Head": "z7 x-4"}),
        parse_pose(left=_SIDE, right=_HIGH, middle={"Spine1": "z5", "Head": "z-7 x-4"}),
        parse_pose(left=_HIGH, right=_HIGH, middle={"Spine1": "x-5", "Head": "x-7"}),
        parse_pose(left=_HEART, right=_HEART, middle={"Spine1": "x3", "Head": "z6 x2"}),
        parse_pose(left=_HEART, right=_HEART, middle={"Spine1": "x3", "Head": "z-6 x2"}),
        parse_pose(left=_SIDE, right=_SIDE, middle={"Spine1": "z-3", "Head": "z4"}),
        REST_TURNS,
    ]
    return [(beat * BEAT_S, pose) for beat, pose in enumerate(poses)]


def make_dance() -> bytes:
    """The clip as a BVH file; it ends in the pose that it starts in."""
    times = np.linspace(0, BEATS * BEAT_S, round(BEATS * BEAT_S * FPS) + 1, dtype=np.float32)
    rotations = interpolate_keys(times, list_keys())
    swing = np.sin(np.pi * times / BEAT_S / 2) * np.clip(np.minimum(times, times[-1] - times) / BEAT_S, 0, 1)
    add_turns(rotations, "Hips", y=5 * swing, z=2 * swing)
    add_turns(rotations, "Spine", y=-5 * swing)
    bounce = 0.012 * (1 - np.cos(2 * np.pi * times / BEAT_S))
    root = np.stack([0.03 * swing, -compute_hip_drop(STANCE_HALF_WIDTH) - bounce, 0 * times], 1).astype(np.float32)
    solve_standing_legs(rotations, root)
    clip = Clip("dance", times, rotations, root, np.zeros((len(times), 0), np.float32))
    return export_bvh(clip, build_canonical_skeleton())


def main() -> None:
    """Writes the file."""
    write_atomic(FILE, make_dance())


if __name__ == "__main__":
    main()
