"""Capture of hands from films of randomly moving arms: how well misread hands are rejected.

python -m bench.hands [FILMS]        four by default, some three minutes each; needs ffmpeg. One JSON line per film.

Rotation errors of each hand in degrees: with the hands that the stage accepts, with all, with none (the forearm leads).
No constant of stages.motion was tuned on these films alone: those of bench.capture are the other half.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from assets.artefacts.character import Body
from assets.artefacts.motion import Clip, Motion
from assets.rotation import forward_kinematics
from assets.spec.behaviour import RetargetSpec
from bench.capture import measure_rotation_error, resample_clip
from bench.render_reach import FILM_REST_POSE, FPS, PRESETS, SECONDS, build_from_spec, encode_film, render_frames
from stages.motion import clean_track as cleaning
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clean_track import clean_track
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop, solve_standing_legs
from stages.motion.keyed_poses import curl_fingers, interpolate_keys, parse_pose
from stages.motion.landmark_track import LandmarkTrack
from stages.motion.landmarks import solve_pose
from stages.motion.mediapipe import track_landmarks
from stages.retarget.stage import run as run_retarget

CAST = ("ada", "lin", "kofi")
KEY_TIMES = (0.7, 1.4, 2.1, 2.8, 3.4)


def make_random_clip(seed: int) -> Clip:
    """Arms, trunk and head move through random poses; the feet stay."""
    random = np.random.default_rng(seed)
    times = (np.arange(round(SECONDS * FPS)) / FPS).astype(np.float32)

    def angle(axis: str, low: float, high: float) -> str:
        return f"{axis}{random.uniform(low, high):.0f}"

    def arm() -> dict[str, str]:
        upper = (angle("y", -40, 10), angle("z", -74, 46), angle("x", -40, 20))
        lower, hand = (angle("y", -90, -10), angle("x", -60, 60)), (angle("z", -20, 20), angle("y", -15, 15))
        return {"Shoulder": angle("z", -3, 8), "Arm": " ".join(upper), "ForeArm": " ".join(lower), "Hand": " ".join(hand),
                **curl_fingers(random.uniform(0.1, 0.9))}  # fmt: skip

    def middle() -> dict[str, str]:
        return {"Spine1": f"{angle('z', -4, 4)} {angle('y', -10, 10)}", "Head": f"{angle('x', -10, 6)} {angle('y', -20, 20)}"}

    poses = [(at, parse_pose(left=arm(), right=arm(), middle=middle())) for at in KEY_TIMES]
    rotations = interpolate_keys(times, [(0.0, FILM_REST_POSE), *poses, (SECONDS, FILM_REST_POSE)])
    root = np.zeros((len(times), 3), np.float32)
    root[:, 1] = -compute_hip_drop(STANCE_HALF_WIDTH)
    solve_standing_legs(rotations, root)
    return Clip("wild", times, rotations, root, root[:, :0])


def measure_hand_errors(track: LandmarkTrack, body: Body, truth: Clip) -> dict[str, object]:
    """Rotation errors of the left and the right hand, degrees."""
    even, _ = clean_track(track, FPS)
    rotations, root, _ = solve_pose(even)
    clip = Clip("read", even.times, rotations, root, root[:, :0])
    ours = run_retarget(Motion(build_canonical_skeleton(), (clip,)), body, options=RetargetSpec(), seed=0).clips[0]
    skeleton, want = body.skeleton, resample_clip(truth, ours.times)
    got, true = (forward_kinematics(skeleton.parents, skeleton.heads, c.rotations, c.root)[1] for c in (ours, want))
    hands = {name: skeleton.names.index(name) for name in ("LeftHand", "RightHand")}
    return {name: round(measure_rotation_error(got[:, j], true[:, j]), 1) for name, j in hands.items()}


def measure_film(seed: int, folder: Path) -> dict[str, object]:
    """The row of one film."""
    who = CAST[seed % len(CAST)]
    body, texture, groom = build_from_spec(PRESETS / f"{who}.yaml")
    truth = run_retarget(Motion(build_canonical_skeleton(), (make_random_clip(seed),)), body, options=RetargetSpec(), seed=0).clips[0]
    film = folder / f"{seed}.mp4"
    encode_film(render_frames(body, texture, groom, truth), film)
    track = track_landmarks(film, [])
    rows: dict[str, object] = {"accepted": measure_hand_errors(track, body, truth)}
    original = cleaning.is_hand_steady
    for name, answer in (("all", True), ("none", False)):
        cleaning.is_hand_steady = lambda *_, answer=answer: answer
        rows[name] = measure_hand_errors(track, body, truth)
    cleaning.is_hand_steady = original
    return {"film": seed, "who": who, "seen": [round(float(x), 2) for x in track.hand_seen.mean(0)], **rows}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
            sys.stdout.write(json.dumps(measure_film(seed, Path(folder))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
