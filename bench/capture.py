"""Capture from video against known truth: the errors that a user's avatar shows, on films that no rule was set on.

python -m bench.capture SET FOLDER [--old CHECKOUT] [--available]     a table of SET (tuning or judging), whose films
are rendered first, or of those of its films that are there

`ours` is stages.motion and stages.retarget on the filmed body. `plain` aims each bone at the same raw landmarks by the smallest rotation,
frame by frame, without cleaning, hinges, head, hands, path or floor. `old` runs stages.motion of another checkout on the same films.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from assets.rotation import IDENTITY, forward_kinematics, from_two_vectors, slerp, to_local
from bench.capture_films import list_films, load_truth, render_set
from bench.clip_film import load_clip, retarget_clip
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.landmark_track import ANKLES, ELBOWS, HIPS, KNEES, SHOULDERS, WRISTS, LandmarkTrack
from stages.motion.mediapipe import solve_clip, track_landmarks
from stages.retarget.feet import detect_contacts

LIMB_JOINTS = tuple(f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))
BONES = {"upper arm": ("Arm", "ForeArm"), "forearm": ("ForeArm", "Hand"), "thigh": ("UpLeg", "Leg"), "shin": ("Leg", "Foot")}
_PATH_STEP_S = 0.25
"""Seconds between the points of a measured path: at every frame its jitter would count as way."""
_MIN_PATH_M = 0.8
"""Metres of a true path below which the film counts as one on the spot."""
_BLINK = 0.5
"""Weight of a lid that is at least half closed."""


@dataclass(frozen=True)
class Errors:
    """Of one film, or the mean of several; NaN where there is nothing to measure."""

    joints_mm: float
    """Limb joints relative to the hips."""
    limbs_deg: float
    """Directions of upper arms, forearms, thighs and shins."""
    chest_deg: float
    head_deg: float
    hands_deg: float
    path: float
    """Length of the hips' path over the true one."""
    path_off: float
    """How far that is from 1."""
    slide_mm: float
    """Per frame, of feet that truly stand."""
    lost: float
    """Share of frames without a person."""
    blinks: float
    """Share of true blinks in which the lids close at least half."""
    false_blinks: float
    """Blinks a minute that nobody made."""


def compare_clips(clip: Clip, truth: Clip, skeleton: Skeleton, lost: float = 0.0) -> Errors:
    """The errors of a captured clip, both on the same skeleton and at the same times."""
    got, rotations = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)
    want, true = forward_kinematics(skeleton.parents, skeleton.heads, truth.rotations, truth.root)
    joints = [skeleton.names.index(name) for name in LIMB_JOINTS]
    apart = np.linalg.norm((got - got[:, :1]) - (want - want[:, :1]), axis=-1)[:, joints] * 1000
    bones = [[skeleton.names.index(f"{side}{part}") for part in pair] for pair in BONES.values() for side in ("Left", "Right")]
    limbs = np.mean([_measure_direction_error(got[:, j] - got[:, i], want[:, j] - want[:, i]) for i, j in bones])
    chest, head, left, right = (
        measure_rotation_error(rotations[:, skeleton.names.index(name)], true[:, skeleton.names.index(name)])
        for name in ("Spine2", "Head", "LeftHand", "RightHand")
    )
    ours, path = (_measure_path(places[:, 0], truth.times) for places in (got, want))
    ratio = ours / path if path > _MIN_PATH_M else np.nan
    caught, false = _compare_blinks(clip, truth)
    return Errors(float(apart.mean()), float(limbs), chest, head, (left + right) / 2, ratio, abs(ratio - 1),
                  _measure_foot_slide(truth, skeleton, got), lost, caught, false)  # fmt: skip


def _measure_direction_error(a: Floats, b: Floats) -> float:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


def measure_rotation_error(a: Floats, b: Floats) -> float:
    return float(np.degrees(2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0, 1))).mean())


def _measure_path(places: Floats, times: Floats) -> float:
    """Metres over the floor."""
    at = np.arange(0, times[-1], _PATH_STEP_S)
    points = np.stack([np.interp(at, times, places[:, axis]) for axis in (0, 2)], 1)
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _measure_foot_slide(truth: Clip, skeleton: Skeleton, places: Floats) -> float:
    """Mean millimetres per frame that feet slide along the floor while the true ones stand."""
    steps = []
    for side in ("Left", "Right"):
        down = detect_contacts(truth, skeleton, side)
        step = np.linalg.norm(np.diff(places[:, skeleton.names.index(f"{side}Foot")][:, [0, 2]], axis=0), axis=-1)
        steps.append(step[down[1:] & down[:-1]])
    return 1000 * float(np.concatenate(steps).mean())


def _compare_blinks(clip: Clip, truth: Clip) -> tuple[float, float]:
    """Share of true blinks that close the lids, and blinks a minute that are none."""
    if not clip.face.shape[1]:
        return np.nan, np.nan
    columns = [MORPHS_67.index("eyeBlinkLeft"), MORPHS_67.index("eyeBlinkRight")]
    lids, true = clip.face[:, columns].mean(1), truth.face[:, columns].mean(1)
    peaks = _find_peaks(true)
    near = 0.2
    hit = [bool((lids[np.abs(truth.times - truth.times[p]) < near] >= _BLINK).any()) for p in peaks]
    wrong = [p for p in _find_peaks(lids) if not len(peaks) or np.abs(truth.times[p] - truth.times[peaks]).min() > near + 0.1]
    return float(np.mean(hit)) if hit else np.nan, 60 * len(wrong) / float(truth.times[-1])


def _find_peaks(lids: Floats) -> list[int]:
    """Middle frames of the times at which the lids are at least half closed."""
    edges = np.flatnonzero(np.diff(np.r_[0, (lids >= _BLINK).astype(int), 0]))
    return [int(a + lids[a:b].argmax()) for a, b in zip(edges[::2], edges[1::2], strict=True)]


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
    if len(clip.times) < 2:
        index = np.zeros(len(times), int)
        return replace(clip, times=times, rotations=clip.rotations[index], root=clip.root[index], face=clip.face[index])
    position = np.interp(times, clip.times, np.arange(len(clip.times)))
    low = np.minimum(position.astype(int), len(clip.times) - 2)
    share = (position - low).astype(np.float32)
    rotations = slerp(clip.rotations[low], clip.rotations[low + 1], np.repeat(share[:, None], clip.rotations.shape[1], 1))
    root, face = ((values[low] + share[:, None] * (values[low + 1] - values[low])).astype(np.float32) for values in (clip.root, clip.face))
    return replace(clip, times=times, rotations=rotations, root=root, face=face)


def read_track(film: Path) -> LandmarkTrack:
    """The film's landmarks, detected once and kept next to it."""
    cache = film.with_suffix(".track.npz")
    if not cache.exists():
        track = track_landmarks(film, [])
        part = cache.with_suffix(".part.npz")
        np.savez_compressed(part, **{f.name: getattr(track, f.name) for f in fields(track)})
        part.replace(cache)
    return load_track(cache)


def load_track(path: Path) -> LandmarkTrack:
    """A track from an npz file."""
    with np.load(path) as data:
        values = {f.name: data[f.name] for f in fields(LandmarkTrack) if f.name in data}
    values["size"] = (int(values["size"][0]), int(values["size"][1]))
    return LandmarkTrack(**values)


def measure_film(film: Path, fps: int, old: bool) -> dict[str, Errors]:
    """Method -> errors of one film."""
    truth, skeleton = load_truth(film.with_suffix(".npz"))
    track = read_track(film)
    clip, lost, _ = solve_clip(track, "read", fps)
    rows = {"ours": compare_clips(resample_clip(retarget_clip(clip, skeleton, lock=True), truth.times), truth, skeleton, lost)}
    base = resample_clip(retarget_clip(solve_baseline(_hold_lost(track)), skeleton, lock=False), truth.times)
    rows["plain"] = compare_clips(base, truth, skeleton, float(1 - track.body_seen.mean()))
    if old and (saved := film.with_suffix(".old.npz")).exists():
        before, lost = load_clip(saved)
        rows["old"] = compare_clips(resample_clip(before, truth.times), truth, skeleton, lost)
    return rows


def _hold_lost(track: LandmarkTrack) -> LandmarkTrack:
    """The track with the nearest detection where there is none."""
    seen = np.flatnonzero(track.body_seen)
    nearest = seen[np.abs(np.arange(len(track.times))[:, None] - seen).argmin(1)]
    return replace(track, world_points=track.world_points[nearest], image_points=track.image_points[nearest])


def average(rows: Iterable[Errors]) -> Errors:
    """The mean of every error over the films that have it."""
    table = np.array([list(asdict(row).values()) for row in rows], np.float64)
    counts = np.isfinite(table).sum(0)
    sums = np.nansum(table, axis=0)
    return Errors(*(float(s / n) if n else float("nan") for s, n in zip(sums, counts, strict=True)))


def print_table(results: Mapping[str, Mapping[str, Errors]], motions: Iterable[str]) -> str:
    """A Markdown table: a row for every kind of motion and method."""
    lines = ["| films | method | joints mm | limbs ° | chest ° | head ° | hands ° | path ours/true (off) | slide mm | lost | blinks |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for motion in ("all", *motions):
        chosen = [rows for name, rows in results.items() if motion in ("all", name.split("_")[1])]
        for method in ("ours", "plain", "old"):
            if rows := [row[method] for row in chosen if method in row]:
                lines.append(_format_row(f"{motion} ({len(rows)})", method, average(rows)))
    return "\n".join(lines)


def _format_row(label: str, method: str, e: Errors) -> str:
    path = "stands" if np.isnan(e.path) else f"{e.path:.2f} ({100 * e.path_off:.0f} %)"
    blinks = "" if np.isnan(e.blinks) else f"{100 * e.blinks:.0f} %, {e.false_blinks:.1f} false/min"
    return (f"| {label} | {method} | {e.joints_mm:.0f} | {e.limbs_deg:.1f} | {e.chest_deg:.1f} | {e.head_deg:.1f} | {e.hands_deg:.1f} "
            f"| {path} | {e.slide_mm:.1f} | {100 * e.lost:.1f} % | {blinks} |")  # fmt: skip


def run_old(checkout: Path, films: Iterable[Path]) -> None:
    """Captures the films by another checkout's stages; what is captured already stays."""
    missing = [str(film) for film in films if not film.with_suffix(".old.npz").exists()]
    if missing:
        script = str(Path(__file__).with_name("clip_film.py"))
        subprocess.run([sys.executable, script, *missing], check=True, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["tuning", "judging", "faces", "faces-tuning"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--old", type=Path, help="another checkout of this project to compare with")
    parser.add_argument("--available", action="store_true", help="only films whose landmarks are there already")
    options = parser.parse_args()
    films = list_films(options.kind)
    if options.available:
        films = [film for film in films if (options.folder / f"{film.name}.track.npz").exists()]
    else:
        render_set(options.kind, options.folder)
    for film in films:
        read_track(options.folder / f"{film.name}.mp4")
    if options.old:
        run_old(options.old.resolve(), [(options.folder / f"{film.name}.mp4").resolve() for film in films])
    results = {film.name: measure_film(options.folder / f"{film.name}.mp4", 30, bool(options.old)) for film in films}
    (options.folder / "results.json").write_text(
        json.dumps({n: {m: asdict(e) for m, e in r.items()} for n, r in results.items()}, indent=1)
    )
    sys.stdout.write(print_table(results, dict.fromkeys(film.motion for film in films)) + "\n")


if __name__ == "__main__":
    main()
