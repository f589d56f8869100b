"""Hands read back from films of arms that move at random: when to believe them.

python -m bench.hands [FILMS]        four by default, some three minutes each; needs ffmpeg. One JSON line a film.

Degrees that each hand's turn is off the filmed one: hands as the stage believes them, all believed, none believed (the forearm leads).
No constant of stages.motion was set on these films alone: bench.motion's film is the other half.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from assets.artefacts.character import Body
from assets.artefacts.motion import Clip, Motion
from assets.spec.behaviour import RetargetSpec
from bench.motion import at_times, compared
from bench.render_reach import FPS, PRESETS, REST, SECONDS, built, encode, pictures
from stages.motion import landmark_track as tracks
from stages.motion.canonical_skeleton import canonical
from stages.motion.clips import STANCE, settled, stand
from stages.motion.keyed_poses import curl, keyed, pose
from stages.motion.landmark_track import Track, cleaned
from stages.motion.landmarks import solved
from stages.motion.mediapipe import watched
from stages.retarget.stage import run as retargeted

CAST = ("ada", "lin", "kofi")
KEYS = (0.7, 1.4, 2.1, 2.8, 3.4)


def wild(seed: int) -> Clip:
    """Arms, trunk and head from one random pose to the next, the feet still."""
    random = np.random.default_rng(seed)
    times = (np.arange(round(SECONDS * FPS)) / FPS).astype(np.float32)

    def angle(axis: str, low: float, high: float) -> str:
        return f"{axis}{random.uniform(low, high):.0f}"

    def arm() -> dict[str, str]:
        upper = (angle("y", -40, 10), angle("z", -74, 46), angle("x", -40, 20))
        lower, hand = (angle("y", -90, -10), angle("x", -60, 60)), (angle("z", -20, 20), angle("y", -15, 15))
        return {"Shoulder": angle("z", -3, 8), "Arm": " ".join(upper), "ForeArm": " ".join(lower), "Hand": " ".join(hand),
                **curl(random.uniform(0.1, 0.9))}  # fmt: skip

    def middle() -> dict[str, str]:
        return {"Spine1": f"{angle('z', -4, 4)} {angle('y', -10, 10)}", "Head": f"{angle('x', -10, 6)} {angle('y', -20, 20)}"}

    poses = [(at, pose(left=arm(), right=arm(), middle=middle())) for at in KEYS]
    rotations = keyed(times, [(0.0, REST), *poses, (SECONDS, REST)])
    root = np.zeros((len(times), 3), np.float32)
    root[:, 1] = -settled(STANCE)
    stand(rotations, root)
    return Clip("wild", times, rotations, root, root[:, :0])


def errors(track: Track, body: Body, truth: Clip) -> dict[str, object]:
    """Degrees of the left and the right hand."""
    even, _ = cleaned(track, FPS)
    rotations, root, _ = solved(even)
    clip = Clip("read", even.times, rotations, root, root[:, :0])
    ours = retargeted(Motion(canonical(), (clip,)), body, options=RetargetSpec(), seed=0).clips[0]
    turned: dict[str, object] = compared(ours, at_times(truth, ours.times), body.skeleton)["rotation_deg"]  # type: ignore[assignment]
    return {name: turned[name] for name in ("LeftHand", "RightHand")}


def measured(seed: int, folder: Path) -> dict[str, object]:
    """One film's row."""
    who = CAST[seed % len(CAST)]
    body, texture, groom = built(PRESETS / f"{who}.yaml")
    truth = retargeted(Motion(canonical(), (wild(seed),)), body, options=RetargetSpec(), seed=0).clips[0]
    film = folder / f"{seed}.mp4"
    encode(pictures(body, texture, groom, truth), film)
    track = watched(film, [])
    rows: dict[str, object] = {"as believed": errors(track, body, truth)}
    believing = tracks.steady
    for name, answer in (("all", True), ("none", False)):
        tracks.steady = lambda *_, answer=answer: answer
        rows[name] = errors(track, body, truth)
    tracks.steady = believing
    return {"film": seed, "who": who, "seen": [round(float(x), 2) for x in track.hand_seen.mean(0)], **rows}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
            sys.stdout.write(json.dumps(measured(seed, Path(folder))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
