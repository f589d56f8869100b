"""What can be measured in pictures of a person without learning: colours at landmarks, edges, outlines, profiles.

Landmarks and blendshapes come from MediaPipe's face landmarker, which generation never saw, and three numbers from the committed face
classifier (assets/weights/face-classifier.md). Colours are CIE Lab, relative to the cheek
where light would matter. All measures of one person are one row, which bench/describe_reader.py learns to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import weights
from assets.artefacts.geometry import Floats, Pixels
from assets.conventions import ARKIT_52
from bench.describe_people import Pictures
from stages.motion.video_frames import read_landmark_model
from stages.nets.weights_io import load_net

_CHEEKS = (50, 280)
_SPOTS = {
    "forehead": (151, 9), "nose": (4,), "bridge": (168, 6), "upper lip": (164,), "lip side": (206, 426), "lips": (13, 14, 0, 17),
    "under lip": (18, 200), "chin": (199, 175), "jaw": (172, 397), "jaw side": (136, 365), "low cheek": (214, 434), "sideburn": (127, 356),
    "brows": (105, 334), "under eye": (230, 450), "crow": (35, 265), "iris": (468, 473),
}  # fmt: skip
"""Name -> points of MediaPipe's mesh, whose patches are averaged."""
_BEYOND = {"hair front": (168, 10, 1.35), "hair top": (168, 10, 1.7), "hair left": (168, 454, 1.2), "hair right": (168, 234, 1.2),
           "past jaw left": (4, 397, 1.35), "past jaw right": (4, 172, 1.35), "below chin": (4, 152, 1.3)}  # fmt: skip
"""Name -> a point beyond the second of two landmarks, by this factor of their distance."""
_WIDTHS = ((234, 454), (172, 397), (127, 356), (61, 291), (33, 263), (98, 327), (132, 361))
_HEIGHTS = ((10, 152), (168, 2), (2, 13), (13, 152), (105, 33), (159, 145))
PROFILE, COLUMNS = 32, (-0.16, 0.0, 0.16)
"""Steps from crown to soles, or to the lower border; columns of the figure, as shares of its height times 0.45."""
FACE_SIDE_UP = 384
"""The landmarker finds small faces better when they are enlarged."""


class FaceLandmarks:
    """MediaPipe's landmarker on single pictures."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def find(self, face: Pixels) -> tuple[Floats, Floats] | None:
        """(478,2) points in 0..1 and the 52 blendshapes; None where no face is found."""
        import cv2
        import mediapipe as mp

        large = cv2.resize(face, (FACE_SIDE_UP, FACE_SIDE_UP), interpolation=cv2.INTER_CUBIC)
        found = self._model.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(large)))
        if not found.face_landmarks:
            return None
        scores = {shape.category_name: shape.score for shape in found.face_blendshapes[0]}
        points = np.array([(point.x, point.y) for point in found.face_landmarks[0]], np.float32)
        return points, np.array([scores.get(name, 0.0) for name in ARKIT_52], np.float32)


@contextmanager
def open_landmarks() -> Iterator[FaceLandmarks]:
    """The landmarker, closed at the end: left open, it raises when Python exits."""
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_buffer=read_landmark_model("face_landmarker"))
    options = vision.FaceLandmarkerOptions(base_options=base, output_face_blendshapes=True)
    with vision.FaceLandmarker.create_from_options(options) as model:
        yield FaceLandmarks(model)


def measure(pictures: Pictures, landmarks: FaceLandmarks) -> list[dict[str, float]]:
    """Name -> measure, once for each picture of the face; those of a face that was not found are 0."""
    rows = [_measure_face(face, landmarks) for face in pictures.faces]
    skin = np.array([rows[0]["skin L"], rows[0]["skin a"], rows[0]["skin b"]], np.float32)
    others = _measure_back(_to_lab(pictures.back), skin) | _measure_figure(_to_lab(pictures.figure), skin)
    return [row | others for row in rows]


def _measure_face(picture: Pixels, landmarks: FaceLandmarks) -> dict[str, float]:
    found = landmarks.find(picture)
    points, shapes = found if found else (np.full((478, 2), 0.5, np.float32), np.zeros(len(ARKIT_52), np.float32))
    face = _to_lab(picture)
    rows = {"face found": float(found is not None)} | _ask_classifier(picture)
    rows |= {f"shape {name}": float(value) for name, value in zip(ARKIT_52, shapes, strict=True)}
    return rows | _measure_face_colours(face, points) | _measure_face_lines(face, points) | _measure_proportions(points)


@lru_cache(maxsize=1)
def _load_classifier() -> Any:
    return load_net(weights.locate_weights("face-classifier"))


def _ask_classifier(picture: Pixels) -> dict[str, float]:
    """Logits of the committed face classifier: of other clothes and hair, so that they are no more than three measures."""
    import cv2
    import torch

    net = _load_classifier()
    small = cv2.resize(picture, (net.shape.size, net.shape.size), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        logits = net.nets["classifier"].eval()(torch.from_numpy(small).permute(2, 0, 1)[None].float() / 127.5 - 1)[0]
    return {f"net {name}": float(value) for name, value in zip(("age", "gender", "tone"), logits, strict=True)}


def _to_lab(pixels: Pixels) -> Floats:
    import cv2

    lab: Floats = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab


def _patch(lab: Floats, point: Floats, radius: float) -> Floats:
    """(n,c) pixels of the square around a point in 0..1; at least one pixel."""
    size = np.array([lab.shape[1], lab.shape[0]])
    low = np.clip(((point - radius) * size).astype(int), 0, size - 1)
    high = np.clip(((point + radius) * size).astype(int) + 1, low + 1, size)
    return lab[low[1] : high[1], low[0] : high[0]].reshape(-1, lab.shape[-1])


def _measure_face_colours(lab: Floats, points: Floats) -> dict[str, float]:
    width = float(np.linalg.norm(points[234] - points[454])) or 0.5
    skin = np.median(np.concatenate([_patch(lab, points[k], 0.05 * width) for k in _CHEEKS]), 0)
    rows = dict(zip(("skin L", "skin a", "skin b"), map(float, skin), strict=True))
    for name, spots in _SPOTS.items():
        radius = 0.012 * width if name == "iris" else 0.03 * width
        colours = np.concatenate([_patch(lab, points[k], radius) for k in spots])
        rows |= _name_colour(name, colours, np.zeros(3) if name in ("iris", "brows") else skin)
    for name, (start, end, factor) in _BEYOND.items():
        rows |= _name_colour(name, _patch(lab, points[start] + factor * (points[end] - points[start]), 0.03 * width), np.zeros(3))
    return rows


def _name_colour(name: str, colours: Floats, origin: NDArray[Any]) -> dict[str, float]:
    middle = np.median(colours, 0) - origin
    values = (*middle, colours[:, 0].std())
    return {f"{name} {channel}": float(value) for channel, value in zip(("L", "a", "b", "spread"), values, strict=True)}


def _measure_face_lines(lab: Floats, points: Floats) -> dict[str, float]:
    """Fine contrast (freckles, wrinkles, stubble) and edges (frames of glasses) in parts of the face."""
    import cv2

    light = lab[..., 0]
    fine = light - cv2.GaussianBlur(light, (0, 0), 2)
    warm = lab[..., 2] - cv2.GaussianBlur(lab[..., 2], (0, 0), 3)
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    layers = np.stack([fine, warm, across, down], -1)
    width = float(np.linalg.norm(points[234] - points[454])) or 0.5
    rows = {}
    parts = {"cheeks": (50, 280, 205, 425), "nose": (5, 195), "forehead": (151, 107, 336), "bridge": (168, 6), "lens below": (229, 449),
             "temple": (143, 372), "lens side": (111, 340), "chin": (199, 18), "moustache": (164, 167, 393), "jaw": (172, 397, 214, 434),
             "crow": (226, 446)}  # fmt: skip
    for name, spots in parts.items():
        values = np.concatenate([_patch(layers, points[k], 0.055 * width) for k in spots])
        for layer, value in zip(("fine", "warm", "across", "down"), np.abs(values).mean(0), strict=True):
            rows[f"{name} {layer}"] = float(value)
        rows[f"{name} dark"] = float((values[:, 0] < -1.5).mean())
    return rows


def _measure_proportions(points: Floats) -> dict[str, float]:
    height = float(np.linalg.norm(points[10] - points[152])) or 1.0
    pairs = {f"width {a}": (a, b) for a, b in _WIDTHS} | {f"height {a}-{b}": (a, b) for a, b in _HEIGHTS}
    return {name: float(np.linalg.norm(points[a] - points[b]) / height) for name, (a, b) in pairs.items()}


def find_outline(lab: Floats) -> NDArray[np.bool_]:
    """(h,w) where a person is: what differs from a smooth surface through the upper and outer borders, which show the wall."""
    height, width = lab.shape[:2]
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], -1).astype(np.float32)
    border = np.zeros((height, width), bool)
    border[: height // 16], border[: height // 2, : width // 10], border[: height // 2, -width // 10 :] = True, True, True
    if height > width:
        border[:, : width // 10], border[:, -width // 10 :] = True, True
    # Hair and shoulders may cross the border: whatever is far from a first fit does not take part in the second.
    for _ in range(3):
        fit = np.linalg.lstsq(terms[border], lab[border], rcond=None)[0]
        difference = np.linalg.norm(lab - terms @ fit, axis=-1)
        border &= difference < max(6.0, 1.5 * float(np.median(difference[border])))
    outline: NDArray[np.bool_] = difference > 9.0
    return outline


def _measure_back(lab: Floats, skin: Floats) -> dict[str, float]:
    """Seen from behind: the hair's colour, and how far down something of that colour hangs."""
    outline = find_outline(lab)
    rows_there = np.flatnonzero(outline.mean(1) > 0.04)
    top = int(rows_there[0]) if len(rows_there) else 0
    side = len(lab)
    step = (side - top) / PROFILE
    crown_columns = np.flatnonzero(outline[min(top + int(5 * step), side - 1)])
    middle = float(crown_columns.mean()) if len(crown_columns) else side / 2
    crown = np.median(_patch(lab, np.array([middle / side, (top + 6 * step) / side], np.float32), 0.05), 0)
    found = dict(zip(("back L", "back a", "back b"), map(float, crown), strict=True)) | {"back top": top / side}
    found["back skin"] = float(np.linalg.norm(crown - skin))
    for k in range(PROFILE):
        line = lab[min(int(top + (k + 0.5) * step), side - 1)]
        there = outline[min(int(top + (k + 0.5) * step), side - 1)]
        near = np.linalg.norm(line - crown, axis=-1) < 14
        found[f"back width {k}"] = float(there.mean())
        found[f"back hair {k}"] = float((near & there).mean())
        found[f"back skin {k}"] = float(((np.linalg.norm(line - skin, axis=-1) < 16) & there).mean())
        centre = line[max(0, int(middle) - 3) : int(middle) + 4]
        found[f"back centre {k}"] = float(np.linalg.norm(np.median(centre, 0) - crown)) / 50
        found[f"back rough {k}"] = float(centre[:, 0].std())
    return found


def _measure_figure(lab: Floats, skin: Floats) -> dict[str, float]:
    """The whole figure in equal steps from crown to soles: widths, colours, and where skin shows."""
    outline = find_outline(lab)
    rows_there = np.flatnonzero(outline.mean(1) > 0.02)
    top, bottom = (int(rows_there[0]), int(rows_there[-1])) if len(rows_there) else (0, len(lab) - 1)
    step, found = (bottom - top) / PROFILE, {"figure height": (bottom - top) / len(lab)}
    columns = np.flatnonzero(outline.any(0))
    middle = float(np.median(columns)) if len(columns) else lab.shape[1] / 2
    for k in range(PROFILE):
        row = min(int(top + (k + 0.5) * step), len(lab) - 1)
        there = outline[row]
        found[f"figure width {k}"] = float(there.sum()) / max(bottom - top, 1)
        inner = np.flatnonzero(there)
        found[f"figure reach {k}"] = float(np.ptp(inner)) / max(bottom - top, 1) if len(inner) else 0.0
        run = _find_run(there, int(middle))
        found[f"figure torso {k}"] = run / max(bottom - top, 1)
        found[f"figure gap {k}"] = (float(np.ptp(inner)) + 1 - len(inner)) / max(bottom - top, 1) if len(inner) else 0.0
        bare = (np.linalg.norm((lab[row] - skin)[:, 1:], axis=-1) < 9) & (np.abs(lab[row, :, 0] - skin[0]) < 25) & there
        found[f"figure bare {k}"] = float(bare.sum()) / max(bottom - top, 1)
        for offset in COLUMNS:
            column = int(np.clip(middle + offset * (bottom - top) * 0.45, 0, lab.shape[1] - 1))
            colour = np.median(lab[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].reshape(-1, 3), 0)
            found |= {f"figure {name} {offset} {k}": float(value) for name, value in zip("Lab", colour, strict=True)}
    return found


def _find_run(there: NDArray[np.bool_], middle: int) -> float:
    """Pixels of the unbroken part of a row that the middle column is in: the trunk without arms."""
    edges = np.flatnonzero(~there)
    left, right = edges[edges <= middle], edges[edges >= middle]
    low = int(left[-1]) if len(left) else -1
    high = int(right[0]) if len(right) else len(there)
    return float(max(high - low - 1, 0))
