"""Landmarks -> clips on their bodies, next to each film as NAME.old.npz; run by bench.capture with another checkout's stages.

It uses only what all versions of the stages have: the solving of a track, and the functions of stages.retarget.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.landmark_track import LandmarkTrack
from stages.motion.landmarks import solve_pose
from stages.retarget.feet import constrain_feet, measure_ankle_heights
from stages.retarget.transfer import measure_leg_length, smooth_clip, transfer_clip

_FPS = 30
_WINDOW = 9
"""The default of retarget.window."""


def retarget_clip(clip: Clip, skeleton: Skeleton, lock: bool) -> Clip:
    """What stages.retarget makes of a clip."""
    canonical = build_canonical_skeleton()
    source = smooth_clip(clip, _WINDOW) if clip.source == "video" else clip
    scale = measure_leg_length(skeleton) / measure_leg_length(canonical)
    heights = scale * measure_ankle_heights(source, canonical)
    moved = constrain_feet(transfer_clip(source, canonical, skeleton), skeleton, heights, lock)
    return replace(moved, face=source.face)


def load_clip(path: Path) -> tuple[Clip, float]:
    """A saved clip and the share of lost frames."""
    with np.load(path) as data:
        return Clip("old", data["times"], data["rotations"], data["root"], data["face"]), float(data["lost"])


def capture_track(path: Path) -> tuple[Clip, float]:
    """What this checkout makes of the landmarks, without those of a second pass, and the share of lost frames."""
    try:
        from stages.motion.clean_track import clean_track
        from stages.motion.face_weights import solve_face_weights
    except ImportError:  # versions before 0.4
        from stages.motion.landmark_track import clean_track  # type: ignore[attr-defined, no-redef]
        from stages.motion.landmarks import solve_face_weights  # type: ignore[attr-defined, no-redef]
    with np.load(path) as data:
        values = {field.name: data[field.name] for field in fields(LandmarkTrack)}
        values["body_seen"] = values["body_seen"] & ~data["second_pass"]
    values["size"] = tuple(map(int, values["size"]))
    track = LandmarkTrack(**values)
    even, rejected = clean_track(track, _FPS)
    rotations, root, _ = solve_pose(even)
    clip = Clip("old", even.times, rotations, root, solve_face_weights(even), source="video")
    return clip, (int((~track.body_seen).sum()) + rejected) / len(track.times)


def main() -> None:
    canonical = build_canonical_skeleton()
    for name in sys.argv[1:]:
        film = Path(name)
        clip, lost = capture_track(film.with_suffix(".track.npz"))
        with np.load(film.with_suffix(".npz")) as data:
            skeleton = Skeleton(canonical.names, canonical.parents, data["heads"])
        moved = retarget_clip(clip, skeleton, lock=True)
        arrays = {"times": moved.times, "rotations": moved.rotations, "root": moved.root, "face": moved.face, "lost": np.array(lost)}
        np.savez_compressed(film.with_suffix(".old.npz"), **arrays)


if __name__ == "__main__":
    main()
