"""BVH files of other houses, read and retargeted, as a Markdown table.

python -m bench.houses FOLDER      every .bvh file of the folder, one row each; nothing is copied or written

The truth of such files is not known. The columns show what is wrong when a reader errs: a lying or leaning body, knees that bend backward,
feet that climb, tilted soles, toes that point elsewhere, and standing feet that slide.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.errors import FormatError
from assets.rotation import forward_kinematics, rotate
from stages.motion.bvh import read_bvh_clip
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clip_options import face_forward
from stages.retarget.feet import constrain_feet, measure_ankle_heights
from stages.verify.clip_poses import BODY_JOINTS, FRAME_S, ClipPoses
from stages.verify.gates.body_motion import measure_skate

HEAD = "| file | seconds | chest lean | knees forward | lower ankle | sole | toes | standing feet | warnings |\n|" + "---|" * 9


def pose_clip(clip: Clip) -> ClipPoses:
    """The clip on the canonical skeleton with its feet held, 30 times a second."""
    skeleton = build_canonical_skeleton()
    clip = constrain_feet(clip, skeleton, measure_ankle_heights(clip, skeleton), lock=True)
    times = np.arange(0, float(clip.times[-1]) + 1e-6, FRAME_S)
    frames = np.abs(clip.times[:, None] - times).argmin(0)
    positions, rotations = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations[frames], clip.root[frames])
    joints = [JOINTS.index(joint) for joint in BODY_JOINTS]
    bind, points, turns = (np.asarray(a, np.float64) for a in (skeleton.heads[joints], positions[:, joints], rotations[:, joints]))
    return ClipPoses(clip.name, bind, points, turns)


def format_row(path: Path) -> str:
    """The file's row; the sentence of the refusal where it is refused."""
    try:
        clip, warnings = read_bvh_clip(path, path.stem)
    except FormatError as error:
        return f"| {path.stem} | refused: {error} |"
    poses = pose_clip(face_forward(clip))
    chest = _lean(poses, "Spine2").mean()
    hips = poses.get_forward("Hips")
    knees = [poses.get_path(f"{s}Leg") - (poses.get_path(f"{s}UpLeg") + poses.get_path(f"{s}Foot")) / 2 for s in ("Left", "Right")]
    forward = np.mean([(knee * hips).sum(1).mean() for knee in knees])
    lower = np.minimum(poses.get_rise("LeftFoot"), poses.get_rise("RightFoot"))
    floors = np.lib.stride_tricks.sliding_window_view(lower, min(30, len(lower))).min(1)
    sole = min(_lean(poses, f"{s}Foot").min() for s in ("Left", "Right"))
    toes = np.mean([(poses.get_forward(f"{s}Foot") * hips).sum(1).mean() for s in ("Left", "Right")])
    speeds = measure_skate(poses)
    skate = f"{speeds.mean():.2f} m/s" if len(speeds) else "none stand"
    low, high = (round(100 * float(floor)) for floor in (floors.min(), floors.max()))
    return (
        f"| {path.stem} | {clip.times[-1]:.1f} | {chest:.0f}° | {100 * forward:.0f} cm | {low} to {high} cm "
        f"| {sole:.0f}° | {toes:.2f} | {skate} | {len(warnings)} |"
    )


def _lean(poses: ClipPoses, joint: str) -> np.ndarray:
    """(f,) degrees between the joint's up and the vertical."""
    up = rotate(poses.rotations[:, BODY_JOINTS.index(joint)], np.array([0, 1, 0]))
    return np.asarray(np.degrees(np.arccos(np.clip(up[:, 1], -1, 1))))


def main() -> None:
    """Prints the table."""
    rows = [format_row(path) for path in sorted(Path(sys.argv[1]).glob("*.bvh"))]
    sys.stdout.write("\n".join([HEAD, *rows, ""]))


if __name__ == "__main__":
    main()
