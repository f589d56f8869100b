"""A video of one person -> a clip: mediapipe's landmarks of body, hands and face, converted to joint rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from assets.artefacts.motion import Clip
from assets.conventions import ARKIT_52
from assets.errors import Finding, FormatError, Location
from assets.quiet_native import silence_native_stderr
from assets.rotation import IDENTITY, from_matrix
from stages.motion.landmark_track import EARS, ELBOWS, INDICES, NOSE, PINKIES, SHOULDERS, WRISTS, LandmarkTrack, clean_track
from stages.motion.landmarks import solve_face_weights, solve_pose
from stages.motion.video_frames import read_frames, read_landmark_model

_MIN_BODY_SHARE = 0.2
"""Share of frames with a body below which the video is refused."""
_MIN_HANDEDNESS_SCORE = 0.7
_HAND_SIDE, _FACE_SIDE = 256, 320
_DENSE_FRAME_INTERVAL = 0.045
"""Seconds. In denser videos hands are detected in two of four frames only: they take half of the time, two neighbours are enough to
notice a misread hand, and fingers move little in a tenth of a second (bench.motion measures the same errors)."""
_AXIS_SIGNS = np.array([1, -1, -1], np.float32)
"""From mediapipe's axes (y down, z away from the camera) to y up, z to the camera; x stays: the left side of a person who faces the
camera, +X, is on the right of the picture."""


@dataclass(frozen=True)
class _FrameLandmarks:
    """Detections of one frame, None where there is none."""

    time_s: float
    image_points: Floats | None
    world_points: Floats | None
    hands: tuple[Floats | None, Floats | None]
    face: Floats | None
    head: Floats | None


@dataclass(frozen=True)
class _LandmarkModels:
    """The three opened models."""

    pose: Callable[[Pixels, float], Any]
    hand: Callable[[Pixels], Any]
    face: Callable[[Pixels], Any]


def read_video(path: Path, name: str, fps: int) -> tuple[Clip, list[str]]:
    """The person's movement on the canonical skeleton at `fps`, and warnings about what could not be detected.

    Raises:
        FormatError: the file is not a video, has no frame, or shows nobody.
        BackendError: the models are not installed.
    """
    warnings: list[str] = []
    track = track_landmarks(path, warnings)
    even, rejected = clean_track(track, fps)
    if lost := int((~track.body_seen).sum()):
        warnings.append(f"{path.name}: no person was detected in {lost} of {len(track.body_seen)} frames; the motion is interpolated there")
    if rejected:
        warnings.append(f"{path.name}: {rejected} of {len(track.body_seen)} frames are implausible; the motion is interpolated there")
    rotations, root, has_legs = solve_pose(even)
    if not has_legs:
        warnings.append(f"{path.name}: the legs are outside the picture; they stand still")
    face = solve_face_weights(even)
    if not face.shape[1]:
        warnings.append(f"{path.name}: the face is too small or turned away; it is not captured")
    return Clip(name, even.times, rotations, root, face, source="video"), warnings


def track_landmarks(path: Path, warnings: list[str]) -> LandmarkTrack:
    """Everything that the models detect, frame by frame; appends what is wrong with the file itself to `warnings`."""
    rows: list[_FrameLandmarks] = []
    size = (1, 1)
    with silence_native_stderr(), _open_models() as models:
        for time_s, pixels in read_frames(path, warnings):
            size = (pixels.shape[1], pixels.shape[0])
            rows.append(_detect_frame(models, time_s, pixels, is_hand_frame(len(rows), time_s - rows[-1].time_s if rows else 0.0)))
    share = np.mean([row.image_points is not None for row in rows])
    if share < _MIN_BODY_SHARE:
        message = "no person was detected in the video" if not share else f"a person was detected in only {share:.0%} of the frames"
        raise FormatError(Finding("motion/nobody", message, location=Location(path.name), fix="film one whole person in good light"))
    return _build_track(rows, size)


def is_hand_frame(frame: int, gap_s: float) -> bool:
    """Whether hands are detected in this frame, `gap_s` seconds after the previous one."""
    return frame % 4 < 2 or gap_s > _DENSE_FRAME_INTERVAL


@contextmanager
def _open_models() -> Iterator[_LandmarkModels]:
    """The models; they must be closed, or they raise when Python exits."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    def base(name: str) -> Any:
        return BaseOptions(model_asset_buffer=read_landmark_model(name))

    def image(pixels: Pixels) -> Any:
        return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))

    video = vision.RunningMode.VIDEO
    with ExitStack() as stack:
        body = stack.enter_context(
            vision.PoseLandmarker.create_from_options(
                vision.PoseLandmarkerOptions(base_options=base("pose_landmarker_full"), running_mode=video)
            )
        )
        hand = stack.enter_context(
            vision.HandLandmarker.create_from_options(vision.HandLandmarkerOptions(base_options=base("hand_landmarker"), num_hands=1))
        )
        face = stack.enter_context(vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=base("face_landmarker"), output_face_blendshapes=True, output_facial_transformation_matrixes=True)))  # fmt: skip
        yield _LandmarkModels(lambda p, time_s: body.detect_for_video(image(p), round(time_s * 1000)), lambda p: hand.detect(image(p)),
                    lambda p: face.detect(image(p)))  # fmt: skip


def _detect_frame(models: _LandmarkModels, time_s: float, pixels: Pixels, with_hands: bool) -> _FrameLandmarks:
    found = models.pose(pixels, time_s)
    if not found.pose_landmarks:
        return _FrameLandmarks(time_s, None, None, (None, None), None, None)
    scale = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    points = _to_points(found.pose_landmarks[0])[:, :2] * scale
    world_points = _to_points(found.pose_world_landmarks[0]) * _AXIS_SIGNS
    left, right = (_detect_hand(models, pixels, points, side) if with_hands else None for side in (0, 1))
    face, head = _detect_face(models, pixels, points)
    return _FrameLandmarks(time_s, points, world_points, (left, right), face, head)


def _to_points(landmarks: Any) -> Floats:
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float32)


def _crop(pixels: Pixels, centre: Floats, side: float, out: int) -> Pixels | None:
    """(out,out,3) the square around `centre`, black outside the picture; None where nothing of it is inside."""
    import cv2

    x, y = centre - side / 2
    if side < 12 or not (-side < x < pixels.shape[1] and -side < y < pixels.shape[0]):
        return None
    zoom = out / side
    matrix = np.array([[zoom, 0, -x * zoom], [0, zoom, -y * zoom]], np.float32)
    interpolation = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.warpAffine(pixels, matrix, (out, out), flags=interpolation), np.uint8)


def _detect_hand(models: _LandmarkModels, pixels: Pixels, points: Floats, side: int) -> Floats | None:
    """(21,3) landmarks of one hand, metres; it is searched at the wrist of the body, which decides between left and right."""
    wrist, elbow = points[WRISTS[side]], points[ELBOWS[side]]
    tips = (points[INDICES[side]] + points[PINKIES[side]]) / 2
    # A forearm that points at the camera is short: the width of the shoulders keeps the square large enough.
    body = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    width = 1.3 * max(float(np.linalg.norm(wrist - elbow)), 0.6 * body)
    for zoom in (1.0, 0.7):
        crop = _crop(pixels, wrist + 0.8 * (tips - wrist), width * zoom, _HAND_SIDE)
        found = models.hand(crop) if crop is not None else None
        # A hand mistaken for the other one has inverted depth (bench.hands): better none, or a second try in a smaller crop.
        if not found or not found.hand_landmarks:
            continue
        handedness = found.handedness[0][0]
        if handedness.category_name != ("Left", "Right")[side] or handedness.score < _MIN_HANDEDNESS_SCORE:
            continue
        offset = _to_points(found.hand_landmarks[0])[0, :2] - 0.5
        if float(np.linalg.norm(offset + 0.8 * (tips - wrist) / (width * zoom))) < 0.22:
            return _to_points(found.hand_world_landmarks[0]) * _AXIS_SIGNS
    return None


def _detect_face(models: _LandmarkModels, pixels: Pixels, points: Floats) -> tuple[Floats | None, Floats | None]:
    """(52,) weights and (4,) rotation of the head, from a square around it."""
    ears = (points[EARS[0]] + points[EARS[1]]) / 2
    width = max(float(np.linalg.norm(points[EARS[0]] - points[EARS[1]])), 2 * float(np.linalg.norm(points[NOSE] - ears)), 1.0)
    crop = _crop(pixels, (ears + points[NOSE]) / 2, 2.6 * width, _FACE_SIDE)
    found = models.face(crop) if crop is not None else None
    if not found or not found.face_blendshapes:
        return None, None
    scores = {shape.category_name: shape.score for shape in found.face_blendshapes[0]}
    weights = np.array([scores.get(name, 0.0) for name in ARKIT_52], np.float32)
    # The face model's camera looks along -Z with Y up: the axes need no change.
    return weights, from_matrix(np.asarray(found.facial_transformation_matrixes[0])[:3, :3])


def _build_track(rows: list[_FrameLandmarks], size: tuple[int, int]) -> LandmarkTrack:
    def stack(values: list[Floats | None], shape: tuple[int, ...]) -> Floats:
        return np.stack([np.zeros(shape, np.float32) if value is None else value for value in values]).astype(np.float32)

    hands = [[row.hands[side] for row in rows] for side in (0, 1)]
    head = np.stack([IDENTITY if row.head is None else row.head for row in rows])
    start = rows[0].time_s
    return LandmarkTrack(
        times=np.array([row.time_s - start for row in rows], np.float32),
        body_seen=np.array([row.image_points is not None for row in rows]),
        image_points=stack([row.image_points for row in rows], (33, 2)), world_points=stack([row.world_points for row in rows], (33, 3)),
        hand_seen=np.stack([[h is not None for h in side] for side in hands], 1),
        hands=np.stack([stack(side, (21, 3)) for side in hands], 1), face_seen=np.array([row.face is not None for row in rows]),
        face=stack([row.face for row in rows], (len(ARKIT_52),)), head=head, size=size,
    )  # fmt: skip
