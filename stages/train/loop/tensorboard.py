"""What a run leaves to look at: TensorBoard scalars and pictures, sample sheets, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Pixels
from assets.errors import Finding, StoreError
from stages.train.files import BOARD_FOLDER, SAMPLES_FILE, write_run_file
from stages.train.loop.loop import TrainingProgress


class TensorboardWriter:
    """Writes TensorBoard files and the newest sheet of a run into its folder; one per run, closed after it.

    Raises:
        StoreError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self.folder = folder
        try:
            self.writer = SummaryWriter(str(folder / BOARD_FOLDER))
        except OSError as error:
            message = f"{folder} cannot be written to: {error.strerror}"
            raise StoreError(Finding("train/out", message, fix="free some space, or give another --out")) from error

    def __call__(self, progress: TrainingProgress) -> None:
        """One report of the loop."""
        for name, value in progress.losses.items():
            self.writer.add_scalar(name, value, progress.step)
        if progress.event:
            self.writer.add_text("event", progress.event, progress.step)
        if progress.samples is not None and progress.samples.ndim == 4:
            picture = draw_sample_sheet(progress.samples)
            write_png(self.folder / SAMPLES_FILE, picture)
            self.writer.add_image("samples", picture, progress.step, dataformats="HWC")

    def close(self) -> None:
        """Writes what is left."""
        self.writer.close()


def draw_sample_sheet(made: NDArray[Any], columns: int = 8) -> Pixels:
    """(h,w,3) the pictures (n,s,s,3 or 6) in rows of `columns`; a skin's body tile lies under its head tile."""
    rows = []
    empty = np.zeros((-len(made) % columns, *made.shape[1:]), made.dtype)
    made = np.concatenate([made, empty])
    for i in range(0, len(made), columns):
        for first in range(0, made.shape[-1], 3):
            rows.append(np.hstack(list(made[i : i + columns, ..., first : first + 3])))
    return np.vstack(rows)


def write_png(file: Path, picture: Pixels) -> None:
    """The picture as PNG, whole or not at all."""
    import cv2

    write_run_file(file, cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def draw_curves(history: Sequence[Mapping[str, float]], size: tuple[int, int] = (360, 160)) -> Pixels:
    """(h,w,3) one small chart per number of the history, over steps, its least and greatest value written beside it.

    What is no finite number, such as a best that nothing was measured for yet, is left out.
    """
    import cv2

    names = sorted({name for entry in history for name, value in entry.items() if math.isfinite(value)} - {"step"})
    width, height = size
    charts = []
    for name in names:
        chart = np.full((height, width, 3), 255, np.uint8)
        points = np.array([(entry["step"], entry[name]) for entry in history if math.isfinite(entry.get(name, math.inf))], float)
        low, high = points.min(0), points.max(0)
        spread = np.where(high > low, high - low, 1.0)
        at = (points - low) / spread * (width - 20, height - 50) + (10, 10)
        at[:, 1] = height - at[:, 1]
        cv2.polylines(chart, [at.astype(np.int32)], False, (40, 90, 160), 1, cv2.LINE_AA)
        text = f"{name}  {low[1]:.3g} .. {high[1]:.3g}"
        cv2.putText(chart, text, (10, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        charts.append(chart)
    charts += [np.full((height, width, 3), 255, np.uint8)] * (-len(charts) % 2)
    return (
        np.vstack([np.hstack(charts[i : i + 2]) for i in range(0, len(charts), 2)])
        if charts
        else np.full((height, width, 3), 255, np.uint8)
    )
