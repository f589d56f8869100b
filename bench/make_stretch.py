"""Writes examples/stretch.bvh: the arms go up, the body leans back, and all comes down again. Keyed by hand, nobody was recorded."""

from __future__ import annotations

import numpy as np

from assets.artefacts.motion import Clip
from assets.formats.bvh import export_bvh
from assets.paths import PROJECT_ROOT
from assets.store import write_atomic
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop, solve_standing_legs
from stages.motion.keyed_poses import REST_TURNS, curl_fingers, interpolate_keys, parse_pose

FPS, SECONDS = 15, 3.4
"""Few frames keep the file small; a reader interpolates."""
FILE = PROJECT_ROOT / "examples" / "stretch.bvh"


def make_stretch() -> bytes:
    """The clip as a BVH file."""
    times = np.linspace(0, SECONDS, round(SECONDS * FPS) + 1, dtype=np.float32)
    arm = {"Shoulder": "z14", "Arm": "z70 y-10", "ForeArm": "y-12", "Hand": "z10", **curl_fingers(0.1)}
    up = parse_pose(left=arm, right=arm, middle={"Spine1": "x-6", "Spine2": "x-5", "Neck": "x-6", "Head": "x-8"})
    keys = [(0.0, REST_TURNS), (1.2, up), (2.1, up), (SECONDS, REST_TURNS)]
    rotations = interpolate_keys(times, keys)
    root = np.tile(np.array([0, -compute_hip_drop(STANCE_HALF_WIDTH), 0], np.float32), (len(times), 1))
    solve_standing_legs(rotations, root)
    clip = Clip("stretch", times, rotations, root, np.zeros((len(times), 0), np.float32))
    return export_bvh(clip, build_canonical_skeleton())


def main() -> None:
    """Writes the file."""
    write_atomic(FILE, make_stretch())


if __name__ == "__main__":
    main()
