"""A video of one person -> a clip: mediapipe's landmarks of body, hands and face, converted to joint rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from assets.artefacts.motion import Clip
from assets.conventions import ARKIT_52
from assets.errors import Finding, FormatError, Location
from assets.quiet_native import silence_native_stderr
from assets.rotation import IDENTITY, from_matrix
from stages.motion.camera_motion import CameraWatch
from stages.motion.clean_track import clean_track
from stages.motion.crops import crop_square
from stages.motion.face_weights import solve_face_weights
from stages.motion.landmark_track import EARS, ELBOWS, INDICES, NOSE, PINKIES, SHOULDERS, WRISTS, LandmarkTrack
from stages.motion.landmarks import solve_pose
from stages.motion.people import Choice, Person, choose_person, count_rivals, find_people, follow_person
from stages.motion.video_frames import read_frames, read_landmark_model

_MIN_BODY_SHARE = 0.2
"""Share of frames with a body below which the video is refused."""
_MIN_HANDEDNESS_SCORE = 0.7
_HAND_SIDE, _FACE_SIDE = 256, 320
_MIN_HAND_CROP_PX = 56
"""Side of the square around a hand below which its fingers are a few pixels wide: looking there takes a third of all time in vain."""
_MAX_PEOPLE = 5
"""In one searched part of a frame; more are a crowd all the same."""
_MIN_SURVEYS = 3
"""Surveyed frames after which a crowd is refused before the film's end."""
_MAX_STORED_FRAMES = 1500
"""Frames without a person that are kept for the second pass: a minute, some 150 MB."""
_MIN_PERSON_PX = 56
"""Height of a person, which is about the detail of a thumbnail."""
_DENSE_FRAME_INTERVAL = 0.045
"""Seconds. In denser videos hands are detected in two of four frames only: they take half of the time, two neighbours are enough to
notice a misread hand, and fingers move little in a tenth of a second (bench.capture measures the same errors)."""
_AXIS_SIGNS = np.array([1, -1, -1], np.float32)
"""From mediapipe's axes (y down, z away from the camera) to y up, z to the camera; x stays: the left side of a person who faces the
camera, +X, is on the right of the picture."""


@dataclass(frozen=True)
class _FrameLandmarks:
    """Detections of one frame, None where there is none."""

    time_s: float
    person: Person | None
    hands: tuple[Floats | None, Floats | None]
    face: Floats | None
    head: Floats | None


@dataclass(frozen=True)
class _LandmarkModels:
    """The opened models."""

    pose: Callable[[Pixels, float], list[Person]]
    """One person, followed from frame to frame."""
    poses: Callable[[Pixels], list[Person]]
    """Everybody in a picture."""
    hand: Callable[[Pixels], Any]
    face: Callable[[Pixels], Any]


def read_video(path: Path, name: str, fps: int, choice: Choice | None = None) -> tuple[Clip, list[str]]:
    """The person's movement on the canonical skeleton at `fps`, and warnings about what could not be detected.

    Raises:
        FormatError: the file is not a video, has no frame, or shows nobody.
        BackendError: the models are not installed.
    """
    warnings: list[str] = []
    track = track_landmarks(path, warnings, choice)
    clip, _, more = solve_clip(track, name, fps, path.name)
    return clip, warnings + more


def solve_clip(track: LandmarkTrack, name: str, fps: int, label: str = "") -> tuple[Clip, float, list[str]]:
    """The movement of a track on the canonical skeleton, the share of frames that are interpolated, and warnings."""
    warnings: list[str] = []
    even, rejected = clean_track(track, fps)
    if lost := int((~track.body_seen).sum()):
        warnings.append(f"{label}: no person was detected in {lost} of {len(track.body_seen)} frames; the motion is interpolated there")
    if rejected:
        warnings.append(f"{label}: {rejected} of {len(track.body_seen)} frames are implausible; the motion is interpolated there")
    rotations, root, has_legs = solve_pose(even)
    if not has_legs:
        warnings.append(f"{label}: the legs are outside the picture; they stand still")
    face = solve_face_weights(even)
    if not face.shape[1]:
        warnings.append(f"{label}: the face is too small or turned away; it is not captured")
    return Clip(name, even.times, rotations, root, face, source="video"), (lost + rejected) / len(track.body_seen), warnings


def track_landmarks(path: Path, warnings: list[str], choice: Choice | None = None) -> LandmarkTrack:
    """Everything that the models detect, frame by frame; appends what is wrong with the film itself to `warnings`.

    Args:
        choice: which of several people to follow.

    Raises:
        FormatError: the film shows nobody, only tiny people, or several between whom nobody chose.
    """
    size = (1, 1)
    with silence_native_stderr(), _open_models() as models:
        film = _FilmPass(models, path.name, choice)
        for time_s, pixels in read_frames(path, warnings):
            size = (pixels.shape[1], pixels.shape[0])
            film.add(time_s, pixels)
        film.check_people(final=True)
        film.fill_gaps()
    rows = film.rows
    share = np.mean([row.person is not None for row in rows])
    if share < _MIN_BODY_SHARE:
        message = "no person was detected in the video" if not share else f"a person was detected in only {share:.0%} of the frames"
        raise FormatError(Finding("motion/nobody", message, location=Location(path.name), fix="film one whole person in good light"))
    if (height := float(np.median([row.person.height for row in rows if row.person]))) < _MIN_PERSON_PX:
        message = f"the person is only {height:.0f} pixels high; limbs cannot be read below {_MIN_PERSON_PX}"
        raise FormatError(Finding("motion/too-small", message, location=Location(path.name), fix="film from nearer, or cut the picture"))
    if film.watch.is_moving:
        message = f"the camera moves by {film.watch.drift:.0%} of the picture; the path of the person includes that movement"
        warnings.append(f"{path.name}: {message}; use a tripod")
    return replace(_build_track(rows, size), second_pass=np.isin(np.arange(len(rows)), list(film.second_pass)))


class _FilmPass:
    """Landmarks of a film: forwards as it is read, then backwards and forwards through the frames without a person."""

    def __init__(self, models: _LandmarkModels, label: str, choice: Choice | None) -> None:
        self.models, self.label, self.choice = models, label, choice
        self.rows: list[_FrameLandmarks] = []
        self.watch = CameraWatch()
        self.second_pass: set[int] = set()
        self._stored: dict[int, Pixels] = {}
        self._counts: list[int] = []
        self._last: Person | None = None

    def add(self, time_s: float, pixels: Pixels) -> None:
        """Detects the next frame."""
        index = len(self.rows)
        everybody: list[Person] = []
        if _is_survey_frame(index):
            everybody = find_people(self.models.poses, pixels)
            if everybody:
                self._counts.append(count_rivals(everybody))
                self.check_people(final=False)
        person = self._detect_person(time_s, pixels, everybody)
        hands = is_hand_frame(index, time_s - self.rows[-1].time_s if self.rows else 0.0)
        self.rows.append(_detect_frame(self.models, time_s, pixels, person, hands))
        self.watch.add(time_s, pixels, None if person is None else person.image_points)
        self._last = person or self._last
        if person is None and len(self._stored) < _MAX_STORED_FRAMES:
            self._stored[index] = _compress(pixels)

    def _detect_person(self, time_s: float, pixels: Pixels, everybody: list[Person]) -> Person | None:
        if self.choice is None:
            # Who is too small for the whole picture may be found in a part of it.
            return next(iter(self.models.pose(pixels, time_s) or everybody), None)
        if self._last is not None:
            return follow_person(self.models.poses, pixels, self._last)
        return choose_person(everybody, self.choice) if everybody else None

    def check_people(self, *, final: bool) -> None:
        """Raises FormatError where several people are equally large and nobody chose between them."""
        enough = len(self._counts) >= (1 if final else _MIN_SURVEYS)
        if self.choice is None and enough and (count := int(np.median(self._counts))) > 1:
            message = f"{count} people of about the same size are in the picture"
            fix = "add `person: left`, `right` or `largest` to the clip, or film one person alone"
            raise FormatError(Finding("motion/several-people", message, location=Location(self.label), fix=fix))

    def fill_gaps(self) -> None:
        """Looks for the person in the frames that have none, near where it is in the neighbouring ones.

        Backwards first: who walks up from afar is known from the end of the film only.
        """
        for order in (range(len(self.rows) - 1, -1, -1), range(len(self.rows))):
            last: Person | None = None
            for i in order:
                if self.rows[i].person is not None:
                    last = self.rows[i].person
                elif last is not None and i in self._stored:
                    pixels = _decompress(self._stored[i])
                    if found := follow_person(self.models.poses, pixels, last):
                        self.rows[i] = _detect_frame(self.models, self.rows[i].time_s, pixels, found, with_hands=True)
                        last = found
                        self.second_pass.add(i)


def _is_survey_frame(index: int) -> bool:
    """Whether everybody is searched in this frame: at 0, 16, 48, 112 ..., so that long films cost no more."""
    return (index // 16 + 1).bit_count() == 1 and index % 16 == 0


def _compress(pixels: Pixels) -> Pixels:
    """A frame as JPEG: a minute without a person would take gigabytes."""
    import cv2

    return np.asarray(cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1], np.uint8)


def _decompress(data: Pixels) -> Pixels:
    import cv2

    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


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

    def open_pose(mode: Any, people: int) -> Any:
        options = vision.PoseLandmarkerOptions(base_options=base("pose_landmarker_full"), running_mode=mode, num_poses=people)
        return stack.enter_context(vision.PoseLandmarker.create_from_options(options))

    with ExitStack() as stack:
        body, crowd = open_pose(vision.RunningMode.VIDEO, 1), open_pose(vision.RunningMode.IMAGE, _MAX_PEOPLE)
        hand = stack.enter_context(
            vision.HandLandmarker.create_from_options(vision.HandLandmarkerOptions(base_options=base("hand_landmarker"), num_hands=1))
        )
        face = stack.enter_context(vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=base("face_landmarker"), output_face_blendshapes=True, output_facial_transformation_matrixes=True)))  # fmt: skip
        yield _LandmarkModels(lambda p, time_s: _to_people(body.detect_for_video(image(p), round(time_s * 1000)), p),
                              lambda p: _to_people(crowd.detect(image(p)), p), lambda p: hand.detect(image(p)),
                              lambda p: face.detect(image(p)))  # fmt: skip


def _to_people(found: Any, pixels: Pixels) -> list[Person]:
    scale = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    pairs = zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
    return [Person(_to_points(flat)[:, :2] * scale, _to_points(world) * _AXIS_SIGNS) for flat, world in pairs]


def _detect_frame(models: _LandmarkModels, time_s: float, pixels: Pixels, person: Person | None, with_hands: bool) -> _FrameLandmarks:
    if person is None:
        return _FrameLandmarks(time_s, None, (None, None), None, None)
    points = person.image_points
    left, right = (_detect_hand(models, pixels, points, side) if with_hands else None for side in (0, 1))
    face, head = _detect_face(models, pixels, points)
    return _FrameLandmarks(time_s, person, (left, right), face, head)


def _to_points(landmarks: Any) -> Floats:
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float32)


def _crop(pixels: Pixels, centre: Floats, side: float, out: int) -> Pixels | None:
    """(out,out,3) the square around `centre`, black outside the picture; None where nothing of it is inside."""
    corner = centre - side / 2
    if side < 12 or not (-side < corner[0] < pixels.shape[1] and -side < corner[1] < pixels.shape[0]):
        return None
    return crop_square(pixels, corner, side, out)


def _detect_hand(models: _LandmarkModels, pixels: Pixels, points: Floats, side: int) -> Floats | None:
    """(21,3) landmarks of one hand, metres; it is searched at the wrist of the body, which decides between left and right."""
    wrist, elbow = points[WRISTS[side]], points[ELBOWS[side]]
    tips = (points[INDICES[side]] + points[PINKIES[side]]) / 2
    # A forearm that points at the camera is short: the width of the shoulders keeps the square large enough.
    body = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    width = 1.3 * max(float(np.linalg.norm(wrist - elbow)), 0.6 * body)
    if width < _MIN_HAND_CROP_PX:
        return None
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
        body_seen=np.array([row.person is not None for row in rows]),
        image_points=stack([row.person.image_points if row.person else None for row in rows], (33, 2)),
        world_points=stack([row.person.world_points if row.person else None for row in rows], (33, 3)),
        hand_seen=np.stack([[h is not None for h in side] for side in hands], 1),
        hands=np.stack([stack(side, (21, 3)) for side in hands], 1), face_seen=np.array([row.face is not None for row in rows]),
        face=stack([row.face for row in rows], (len(ARKIT_52),)), head=head, size=size, second_pass=np.zeros(len(rows), bool),
    )  # fmt: skip
