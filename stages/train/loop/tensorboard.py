"""What can be viewed of a run: TensorBoard scalars and images, sample sheets, loss curves."""

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

CURVE_COLOUR, TEXT_COLOUR = (40, 90, 160), (0, 0, 0)


class TensorboardWriter:
    """Writes TensorBoard's files and the newest sample sheet of a run into its folder; close it after the run.

    Raises:
        StoreError: the folder cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self.folder = folder
        try:
            self.writer = SummaryWriter(str(folder / BOARD_FOLDER))
        except OSError as error:
            fix = "free some disk space, or choose another --out"
            raise StoreError(Finding("train/out", f"cannot write to {folder}: {error.strerror}", fix=fix)) from error

    def __call__(self, progress: TrainingProgress) -> None:
        """Writes one report of the loop."""
        for name, value in progress.losses.items():
            self.writer.add_scalar(name, value, progress.step)
        if progress.event:
            self.writer.add_text("event", progress.event, progress.step)
        if progress.samples is not None and progress.samples.ndim == 4:
            sheet = draw_sample_sheet(progress.samples)
            write_png(self.folder / SAMPLES_FILE, sheet)
            self.writer.add_image("samples", sheet, progress.step, dataformats="HWC")

    def close(self) -> None:
        """Flushes and closes the files."""
        self.writer.close()


def draw_sample_sheet(samples: NDArray[Any], columns: int = 8) -> Pixels:
    """(h,w,3) images (n,s,s,3 or 6) in rows of `columns`; a skin's body tile is below its head tile."""
    rows = []
    empty = np.zeros((-len(samples) % columns, *samples.shape[1:]), samples.dtype)
    samples = np.concatenate([samples, empty])
    for i in range(0, len(samples), columns):
        for first in range(0, samples.shape[-1], 3):
            rows.append(np.hstack(list(samples[i : i + columns, ..., first : first + 3])))
    return np.vstack(rows)


def write_png(file: Path, picture: Pixels) -> None:
    """Writes the image as PNG, atomically."""
    import cv2

    write_run_file(file, cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def draw_curves(history: Sequence[Mapping[str, float]], size: tuple[int, int] = (360, 160)) -> Pixels:
    """(h,w,3) two columns of charts, one per number of the history, over steps.

    Values that are not finite are left out, such as the best metric before the first validation.
    """
    width, height = size
    names = sorted({name for entry in history for name, value in entry.items() if math.isfinite(value)} - {"step"})
    charts = [_draw_curve(history, name, size) for name in names] or [np.full((height, width, 3), 255, np.uint8)]
    if names:
        charts += [np.full((height, width, 3), 255, np.uint8)] * (-len(charts) % 2)
    return np.vstack([np.hstack(charts[i : i + 2]) for i in range(0, len(charts), 2)])


def _draw_curve(history: Sequence[Mapping[str, float]], name: str, size: tuple[int, int]) -> Pixels:
    """(h,w,3) one number over steps, with its least and greatest value."""
    import cv2

    width, height = size
    chart = np.full((height, width, 3), 255, np.uint8)
    points = np.array([(entry["step"], entry[name]) for entry in history if math.isfinite(entry.get(name, math.inf))], float)
    low, high = points.min(0), points.max(0)
    spread = np.where(high > low, high - low, 1.0)
    line = (points - low) / spread * (width - 20, height - 50) + (10, 10)
    line[:, 1] = height - line[:, 1]  # image rows count downwards
    cv2.polylines(chart, [line.astype(np.int32)], False, CURVE_COLOUR, 1, cv2.LINE_AA)
    text = f"{name}  {low[1]:.3g} .. {high[1]:.3g}"
    cv2.putText(chart, text, (10, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, TEXT_COLOUR, 1, cv2.LINE_AA)
    return chart
