"""The four manners side by side: the same lines of a bundle in each, measured and drawn.

    python -m bench.manners BUNDLE STRIP.jpg [--line hello]

One JSON line per manner over the greeting and the facts, spoken again by the bundle's voice: words a minute, how far the arms go from
rest and how much they move (degrees, degrees a second), accents that hands and brows mark a minute, motion of the brows, the smile,
turns of the head (degrees a second), and the share of time in which the eyes are on the viewer. Then the strip: one row per manner, the
moments at 25, 45, 65 and 85 % of the line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.artefacts.character import Model
from assets.artefacts.geometry import Doubles, Image
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Dialogue, Line, Performance, Speech
from assets.conventions import JOINTS, MORPHS_67
from assets.formats.gltf_reader import load_avatar
from assets.formats.image import encode_jpeg
from assets.spec.behaviour import PerformanceSpec, VoiceSpec
from stages.performance.manner import MANNERS
from stages.performance.stage import TAIL_S
from stages.performance.stage import run as perform
from stages.render.contact_sheet import build_contact_sheet
from stages.voice.stage import BACKENDS
from stages.voice.stage import run as speak

MOMENTS = (0.25, 0.45, 0.65, 0.85)
ON_VIEWER = 0.12
"""Weight of eyeLook up to which the eyes are on the viewer's face: about 3 degrees."""


def measure_clips(clips: Sequence[Clip]) -> dict[str, float]:
    """Means over the speaking part of say_* clips; the arms and the smile are those of the explaining body and the talking face."""
    rows = [_measure_clip(clip) for clip in clips]
    return {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}


def _measure_clip(clip: Clip) -> dict[str, float]:
    seconds, speaking = float(clip.times[-1]), clip.times < clip.times[-1] - TAIL_S
    parts = [f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm")]
    arms = sum(_measure_turns(clip, part) for part in parts)
    face = {name: clip.face[:, index].astype(np.float64) for index, name in enumerate(MORPHS_67)}
    looks = np.max([face[name] for name in MORPHS_67 if name.startswith("eyeLook")], axis=0)
    return {
        "arms_degrees": float(np.asarray(arms)[speaking].mean()),
        "arms_degrees_a_second": sum(_measure_path(clip, part) for part in parts) / seconds,
        "brows_a_second": float(np.abs(np.diff(face["browOuterUpLeft"])).sum()) / seconds,
        "smile": float(face["mouthSmileLeft"][speaking].mean()),
        "head_degrees_a_second": (_measure_path(clip, "Head") + _measure_path(clip, "Neck")) / seconds,
        "gaze_on_viewer": float((looks[speaking] <= ON_VIEWER).mean()),
    }  # fmt: skip


def _measure_turns(clip: Clip, joint: str) -> Doubles:
    """(f,) degrees between the joint and its first frame."""
    turns = clip.rotations[:, JOINTS.index(joint)].astype(np.float64)
    found: Doubles = np.degrees(2 * np.arccos(np.clip(np.abs(turns @ turns[0]), 0, 1)))
    return found


def _measure_path(clip: Clip, joint: str) -> float:
    """Degrees that the joint turns in all, frame by frame."""
    turns = clip.rotations[:, JOINTS.index(joint)].astype(np.float64)
    return float(np.degrees(2 * np.arccos(np.clip(np.abs((turns[1:] * turns[:-1]).sum(1)), 0, 1))).sum())


def perform_manners(bundle: Path, motion: Motion) -> dict[str, tuple[Speech, Performance]]:
    """Manner -> the bundle's greeting and facts, spoken and moved in that manner, with the bundle's seed."""
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    data = json.loads((bundle / "dialogue.json").read_bytes())
    lines = tuple(
        Line(line["id"], line["text"], line["language"], line["emotion"], line["gesture"])
        for line in data["lines"] if line["id"].startswith(("hello", "fact"))
    )  # fmt: skip
    voice = next(stage["backend"] for stage in manifest["stages"] if stage["name"] == "voice")
    dialogue = Dialogue(manifest["name"], lines[0].language, lines, (), lines[0].id, "bench", {})
    library = replace(motion, clips=tuple(clip for clip in motion.clips if not clip.name.startswith("say_")))
    found = {}
    for manner in MANNERS:
        styled = replace(dialogue, manner=manner)
        speech = speak(styled, options=VoiceSpec(), backend=BACKENDS.get(voice), seed=manifest["seed"])
        found[manner] = speech, perform(styled, speech, library, options=PerformanceSpec(), seed=manifest["seed"])
    return found


def draw_strip(model: Model, moved: Mapping[str, Performance], line: str) -> Image:
    """One row per manner, one column per moment of the line."""
    from stages.render.figure_studio import frame_figure, open_figure_studio
    from stages.render.key_frames import extract_pose

    performances = list(moved.values())
    rest = extract_pose(next(clip for clip in performances[0].clips if clip.name == "idle"), 0)
    framing = frame_figure(model, rest, 1.0)
    pictures = {}
    with open_figure_studio(model, framing) as studio:
        sky = studio.measure_sky(rest)
    with open_figure_studio(model, framing, sky) as studio:
        for manner, performance in moved.items():
            clip = next(clip for clip in performance.clips if clip.name == f"say_{line}")
            for share in MOMENTS:
                pose = extract_pose(clip, int(share * (len(clip.times) - 1)))
                pictures[f"{manner} {share:.0%}"] = Image(studio.draw(pose, (420, 420)))
    return build_contact_sheet(pictures, len(MOMENTS), 420)


def main() -> None:
    """Writes one JSON line per manner, and the strip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("strip", type=Path)
    parser.add_argument("--line", default="hello")
    arguments = parser.parse_args()
    model, motion = load_avatar((arguments.bundle / "avatar.glb").read_bytes())
    found = perform_manners(arguments.bundle, motion)
    for manner, (speech, performance) in found.items():
        seconds = sum(len(line.samples) / line.rate for line in speech.lines)
        words = sum(len(line.words) for line in speech.lines)
        clips = [clip for clip in performance.clips if clip.name.startswith("say_")]
        sys.stdout.write(json.dumps({"manner": manner, "words_a_minute": round(60 * words / seconds), **measure_clips(clips)}) + "\n")
    arguments.strip.write_bytes(encode_jpeg(draw_strip(model, {name: moved for name, (_, moved) in found.items()}, arguments.line)))


if __name__ == "__main__":
    main()
