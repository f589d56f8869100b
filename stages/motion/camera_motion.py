"""Whether the camera moves: corners of the background followed from frame to frame, outside of the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

Box = tuple[float, float, float, float]
_SIDE = 320
"""Pixels of the longer side at which the background is followed."""
_INTERVAL_S = 0.15
_MARGIN = 0.12
"""Of the person's height around the landmarks, kept free of corners."""
_MIN_CORNERS = 12
_MAX_DRIFT = 0.015
"""Of the picture's longer side: a tripod's film stays below a third of it, a hand's exceeds it within a second."""


@dataclass
class CameraWatch:
    """Adds up the movement of the background; feed it with every frame."""

    shifts: list[Floats] = field(default_factory=list)
    """(2,) movement of the background between two looked-at frames, of the longer side."""
    _last: NDArray[np.uint8] | None = None
    _box: Box | None = None
    _time_s: float = -1.0

    def add(self, time_s: float, pixels: Pixels, person: Floats | None) -> None:
        """Looks at a frame; `person` (33,2) are the landmarks, px."""
        import cv2

        if self._last is not None and time_s - self._time_s < _INTERVAL_S:
            return
        scale = _SIDE / max(pixels.shape[:2])
        # A frame of two rows stays one of a single row.
        size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
        grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        box = None if person is None else _surround(person * scale)
        now = np.asarray(grey, np.uint8)
        if self._last is not None and (shift := _measure_shift(self._last, now, [self._box, box])) is not None:
            self.shifts.append((shift / _SIDE).astype(np.float32))
        self._last, self._box, self._time_s = now, box, time_s

    @property
    def drift(self) -> float:
        """How far the background moves from its mean place, of the longer side."""
        if not self.shifts:
            return 0.0
        path = np.cumsum(np.stack(self.shifts), 0)
        return float(np.linalg.norm(path - np.median(path, 0), axis=1).max())

    @property
    def is_moving(self) -> bool:
        """Whether the camera moved enough to be noticed in the captured path."""
        return self.drift > _MAX_DRIFT


def _surround(points: Floats) -> Box:
    low, high = points.min(0), points.max(0)
    margin = _MARGIN * float((high - low).max())
    return float(low[0] - margin), float(low[1] - 2 * margin), float(high[0] + margin), float(high[1] + margin)


def _measure_shift(before: NDArray[np.uint8], after: NDArray[np.uint8], boxes: Sequence[Box | None]) -> Floats | None:
    """(2,) px by which the background moved; None where it has too few corners."""
    import cv2

    mask = np.full(before.shape, 255, np.uint8)
    for box in boxes:
        if box is not None:
            x0, y0, x1, y1 = (max(0, round(v)) for v in box)
            mask[y0:y1, x0:x1] = 0
    corners = cv2.goodFeaturesToTrack(before, 120, 0.02, 7, mask=mask)
    if corners is None or len(corners) < _MIN_CORNERS:
        return None
    moved, good, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, np.empty_like(corners), winSize=(15, 15), maxLevel=3)
    steps = (moved - corners)[good.ravel() == 1].reshape(-1, 2)
    # The median over all corners: another moving thing, or a shadow, holds fewer of them than the background does.
    return np.asarray(np.median(steps, 0), np.float32) if len(steps) >= _MIN_CORNERS else None
