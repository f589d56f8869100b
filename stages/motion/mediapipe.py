"""A video of one person -> a clip: mediapipe's landmarks of body, hands and face, turned into joint rotations."""

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
"""Share of frames with a body below which a video counts as empty."""
_MIN_HANDEDNESS_SCORE = 0.7
_HAND_SIDE, _FACE_SIDE = 256, 320
_DENSE_FRAME_INTERVAL = 0.045
"""Seconds: frames that follow each other faster are looked at for hands two by two, every other pair: hands take half of a capture,
two neighbours tell whether one is misread, and fingers do little in a tenth of a second (bench.motion: the same errors)."""
_AXIS_SIGNS = np.array([1, -1, -1], np.float32)
"""mediapipe's axes (y down, z away) to ours; a person who faces the camera has their left, our +X, on the picture's right."""


@dataclass(frozen=True)
class _FrameLandmarks:
    """One frame."""

    at: float
    image_points: Floats | None
    solid: Floats | None
    hands: tuple[Floats | None, Floats | None]
    face: Floats | None
    head: Floats | None


@dataclass(frozen=True)
class _LandmarkModels:
    """The three open models."""

    pose: Callable[[Pixels, float], Any]
    hand: Callable[[Pixels], Any]
    face: Callable[[Pixels], Any]


def read_video(path: Path, name: str, fps: int) -> tuple[Clip, list[str]]:
    """The person's movement on the canonical skeleton at `fps`, and warnings about what could not be seen.

    Raises:
        FormatError: the file is no video, has no frame, or nobody is in it.
        BackendError: the models are not installed.
    """
    warnings: list[str] = []
    track = track_landmarks(path, warnings)
    even, doubted = clean_track(track, fps)
    if lost := int((~track.seen).sum()):
        warnings.append(f"{path.name}: nobody was found in {lost} of {len(track.seen)} frames, they were bridged")
    if doubted:
        warnings.append(f"{path.name}: {doubted} of {len(track.seen)} frames were not believed and were bridged")
    rotations, root, whole = solve_pose(even)
    if not whole:
        warnings.append(f"{path.name}: the legs are not in the picture, so they stand still")
    face = solve_face_weights(even)
    if not face.shape[1]:
        warnings.append(f"{path.name}: the face is too small or turned away, it was left alone")
    return Clip(name, even.times, rotations, root, face, source="video"), warnings


def track_landmarks(path: Path, warnings: list[str]) -> LandmarkTrack:
    """Everything that the models see in the file, frame by frame; what is wrong with the file itself goes to `warnings`."""
    rows: list[_FrameLandmarks] = []
    size = (1, 1)
    with silence_native_stderr(), _open_models() as eyes:
        for at, pixels in read_frames(path, warnings):
            size = (pixels.shape[1], pixels.shape[0])
            rows.append(_detect_frame(eyes, at, pixels, is_hand_frame(len(rows), at - rows[-1].at if rows else 0.0)))
    share = np.mean([row.image_points is not None for row in rows])
    if share < _MIN_BODY_SHARE:
        message = "nobody was found in the video" if not share else f"a person was found in only {share:.0%} of the frames"
        raise FormatError(Finding("motion/nobody", message, where=Location(path.name), fix="show one whole person, well lit"))
    return _build_track(rows, size)


def is_hand_frame(frame: int, since: float) -> bool:
    """Whether this frame's hands are looked for, `since` seconds after the frame before."""
    return frame % 4 < 2 or since > _DENSE_FRAME_INTERVAL


@contextmanager
def _open_models() -> Iterator[_LandmarkModels]:
    """The models, closed at the end: an open one raises when Python exits."""
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
        yield _LandmarkModels(lambda p, at: body.detect_for_video(image(p), round(at * 1000)), lambda p: hand.detect(image(p)),
                    lambda p: face.detect(image(p)))  # fmt: skip


def _detect_frame(eyes: _LandmarkModels, at: float, pixels: Pixels, hands: bool) -> _FrameLandmarks:
    found = eyes.pose(pixels, at)
    if not found.pose_landmarks:
        return _FrameLandmarks(at, None, None, (None, None), None, None)
    scale = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    flat = _to_points(found.pose_landmarks[0])[:, :2] * scale
    solid = _to_points(found.pose_world_landmarks[0]) * _AXIS_SIGNS
    left, right = (_detect_hand(eyes, pixels, flat, side) if hands else None for side in (0, 1))
    face, head = _detect_face(eyes, pixels, flat)
    return _FrameLandmarks(at, flat, solid, (left, right), face, head)


def _to_points(landmarks: Any) -> Floats:
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float32)


def _crop(pixels: Pixels, centre: Floats, side: float, out: int) -> Pixels | None:
    """(out,out,3) the square about `centre`, black where it leaves the picture; None where it is all outside."""
    import cv2

    x, y = centre - side / 2
    if side < 12 or not (-side < x < pixels.shape[1] and -side < y < pixels.shape[0]):
        return None
    zoom = out / side
    matrix = np.array([[zoom, 0, -x * zoom], [0, zoom, -y * zoom]], np.float32)
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.warpAffine(pixels, matrix, (out, out), flags=how), np.uint8)


def _detect_hand(eyes: _LandmarkModels, pixels: Pixels, flat: Floats, side: int) -> Floats | None:
    """(21,3) metres of one hand, looked for where the body's wrist is: which hand it is is known from there."""
    wrist, elbow = flat[WRISTS[side]], flat[ELBOWS[side]]
    tips = (flat[INDICES[side]] + flat[PINKIES[side]]) / 2
    # A forearm that points at the camera is short: the shoulders' width keeps the square large enough.
    body = float(np.linalg.norm(flat[SHOULDERS[0]] - flat[SHOULDERS[1]]))
    width = 1.3 * max(float(np.linalg.norm(wrist - elbow)), 0.6 * body)
    for zoom in (1.0, 0.7):
        crop = _crop(pixels, wrist + 0.8 * (tips - wrist), width * zoom, _HAND_SIDE)
        found = eyes.hand(crop) if crop is not None else None
        # A hand taken for the other one has its depth inside out (see the bench): better none, or a second look from nearer.
        if not found or not found.hand_landmarks:
            continue
        taken = found.handedness[0][0]
        if taken.category_name != ("Left", "Right")[side] or taken.score < _MIN_HANDEDNESS_SCORE:
            continue
        start = _to_points(found.hand_landmarks[0])[0, :2] - 0.5
        if float(np.linalg.norm(start + 0.8 * (tips - wrist) / (width * zoom))) < 0.22:
            return _to_points(found.hand_world_landmarks[0]) * _AXIS_SIGNS
    return None


def _detect_face(eyes: _LandmarkModels, pixels: Pixels, flat: Floats) -> tuple[Floats | None, Floats | None]:
    """(52,) weights and (4,) turn of the head, from a square about it."""
    ears = (flat[EARS[0]] + flat[EARS[1]]) / 2
    far = max(float(np.linalg.norm(flat[EARS[0]] - flat[EARS[1]])), 2 * float(np.linalg.norm(flat[NOSE] - ears)), 1.0)
    crop = _crop(pixels, (ears + flat[NOSE]) / 2, 2.6 * far, _FACE_SIDE)
    found = eyes.face(crop) if crop is not None else None
    if not found or not found.face_blendshapes:
        return None, None
    scores = {shape.category_name: shape.score for shape in found.face_blendshapes[0]}
    weights = np.array([scores.get(name, 0.0) for name in ARKIT_52], np.float32)
    # The face model's camera looks along -Z with Y up, as ours does: no axes to change.
    return weights, from_matrix(np.asarray(found.facial_transformation_matrixes[0])[:3, :3])


def _build_track(rows: list[_FrameLandmarks], size: tuple[int, int]) -> LandmarkTrack:
    def stacked(values: list[Floats | None], shape: tuple[int, ...]) -> Floats:
        return np.stack([np.zeros(shape, np.float32) if value is None else value for value in values]).astype(np.float32)

    hands = [[row.hands[side] for row in rows] for side in (0, 1)]
    head = np.stack([IDENTITY if row.head is None else row.head for row in rows])
    start = rows[0].at
    return LandmarkTrack(
        times=np.array([row.at - start for row in rows], np.float32), seen=np.array([row.image_points is not None for row in rows]),
        image_points=stacked([row.image_points for row in rows], (33, 2)), solid=stacked([row.solid for row in rows], (33, 3)),
        hand_seen=np.stack([[h is not None for h in side] for side in hands], 1),
        hands=np.stack([stacked(side, (21, 3)) for side in hands], 1), face_seen=np.array([row.face is not None for row in rows]),
        face=stacked([row.face for row in rows], (len(ARKIT_52),)), head=head, size=size,
    )  # fmt: skip
