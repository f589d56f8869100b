"""docs/capture.jpg: frames of films next to the body that was captured from them, from the front and from the side.

python -m bench.capture_sheet FOLDER OUT.jpg     FOLDER holds the films of the set `tuning` and their landmarks (bench.capture)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Pixels
from assets.artefacts.motion import Clip
from assets.rotation import forward_kinematics
from bench.capture import load_truth, read_track, resample_clip, solve_clip
from bench.capture_films import Studio, build_person, build_spec
from bench.capture_room import FilmCamera
from bench.clip_film import retarget_clip
from stages.motion.video_frames import read_frames

SHOWN = (("0_approach_0", 0.62), ("0_squat_0", 0.95), ("0_turn_2", 0.45), ("1_sit_2", 0.9), ("1_curve_2", 0.5), ("1_wave_0", 0.35))
"""Film -> share of its length."""
_CELL = (260, 330)
_DISTANCE = 3.4
_BACKGROUND = 232


def draw_film(studio: Studio, folder: Path, name: str, share: float) -> Pixels:
    """A row: the film's frame, the captured body from the film's side, and from its left."""
    import cv2

    truth, skeleton = load_truth(folder / f"{name}.npz")
    film = folder / f"{name}.mp4"
    clip = resample_clip(retarget_clip(solve_clip(read_track(film), name, 30)[0], skeleton, lock=True), truth.times)
    frame = round(share * (len(truth.times) - 1))
    pixels = [picture for _, picture in read_frames(film, [])][frame]
    places = read_track(film).image_points[frame]
    half = 0.62 * float(np.ptp(places, axis=0).max())
    x, y = places.min(0) / 2 + places.max(0) / 2
    ratio = _CELL[0] / _CELL[1]
    matrix = np.array([[_CELL[1] / (2 * half), 0, 0], [0, _CELL[1] / (2 * half), 0]], np.float32)
    matrix[:, 2] = -matrix[0, 0] * np.array([x - half * ratio, y - half])
    cut = cv2.warpAffine(pixels, matrix, _CELL, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.hstack([np.asarray(cut, np.uint8), draw_body(studio, clip, frame, 0.0), draw_body(studio, clip, frame, np.pi / 2)])


def draw_body(studio: Studio, clip: Clip, frame: int, yaw: float) -> Pixels:
    """(h,w,3) the body of a clip from a camera around it."""
    camera = FilmCamera((_CELL[0] * 2, _CELL[1] * 2), 30, yaw, 1.1, 60.0, 1.0)
    hips = forward_kinematics(studio.skeleton.parents, studio.skeleton.heads, clip.rotations, clip.root)[0][frame, 0]
    aim = np.array([hips[0], 0.85, hips[2]])
    eye = aim + _DISTANCE * np.array([np.sin(yaw), 0.06, np.cos(yaw)])
    light = np.array([[-0.4, 0.6, 0.7], [0.8, 0.2, 0.5], [0.0, 0.4, -0.9]], np.float32)
    lamps = (light / np.linalg.norm(light, axis=1, keepdims=True), np.array([[0.8] * 3, [0.35] * 3, [0.3] * 3], np.float32))
    colour = studio._draw(studio._pose(clip, frame), camera, eye, (aim - eye) / np.linalg.norm(aim - eye), lamps, None)
    cover = colour[..., 3:].astype(np.float32) / 255
    import cv2

    picture = colour[..., :3] * cover + _BACKGROUND * (1 - cover)
    return np.asarray(cv2.resize(picture, _CELL, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    import cv2

    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    rows: list[Pixels] = []
    for body in range(2):
        studio = Studio(*build_person(build_spec("tuning", body)))
        rows += [draw_film(studio, folder, name, share) for name, share in SHOWN if name.startswith(f"{body}_")]
        studio.close()
    pairs = [np.hstack(rows[i : i + 2]) for i in range(0, len(rows), 2)]
    cv2.imwrite(str(out), np.vstack(pairs)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
