"""Lip sync against sound: how closed the mouth is on p b m and in silence, errors in time, correlation with the loudness.

python -m bench.lips SPEECH.pkl...        one JSON line per pickled Speech

The opening of the mouth is the sum of the visemes' jawOpen. The correlation with the envelope is at the best lag within 0.2 s; a
positive lag means that the lips move after the sound. `jaw_step_max` is the largest change between two frames at 30 fps.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats
from assets.artefacts.talk import SpokenLine
from assets.conventions import VISEMES_15
from stages.body.morphs import VISEME_WEIGHTS
from stages.performance.lipsync import VOWEL_INDICES, compute_viseme_weights

FPS = 30
JAW_WEIGHTS = np.array([VISEME_WEIGHTS[name.removeprefix("viseme_")].get("jawOpen", 0.0) for name in VISEMES_15])


def compute_envelope(line: SpokenLine, times: Floats) -> Floats:
    """(f,) root mean square of the 40 ms around each time."""
    power = np.concatenate([[0.0], np.cumsum(line.samples.astype(np.float64) ** 2)])
    a, b = (np.clip(np.round((times + d) * line.rate), 0, len(line.samples)).astype(int) for d in (-0.02, 0.02))
    return np.sqrt((power[b] - power[a]) / np.maximum(b - a, 1)).astype(np.float32)


def find_best_lag(a: Floats, b: Floats) -> tuple[float, float]:
    """(correlation, seconds by which `a` lags behind `b`) at the best lag within 0.2 s."""
    best = (-1.0, 0.0)
    for lag in range(-6, 7):
        x, y = (a[lag:], b[: len(b) - lag]) if lag >= 0 else (a[:lag], b[-lag:])
        best = max(best, (float(np.corrcoef(x, y)[0, 1]), lag / FPS))
    return best


def measure_line(line: SpokenLine) -> dict[str, Any]:
    """Measurements of each closure, vowel and silence of the line."""
    seconds = len(line.samples) / line.rate
    times = (np.arange(int(seconds * FPS) + 1) / FPS).astype(np.float32)
    fine = np.arange(0, seconds, 0.005).astype(np.float32)
    started = time.perf_counter()
    weights = compute_viseme_weights(line, times)
    took = time.perf_counter() - started
    opening, smooth = weights @ JAW_WEIGHTS, compute_viseme_weights(line, fine)
    bilabial, contact, peak, silence = [], [], [], []
    for p in line.phonemes:
        number, middle = VISEMES_15.index(p.viseme), (p.start + p.end) / 2
        near = np.abs(fine - middle) <= 0.08
        if p.viseme == "viseme_PP":
            bilabial.append(float(opening[np.abs(times - middle).argmin()]))
        if p.viseme in ("viseme_PP", "viseme_FF"):
            top = smooth[near, number] >= smooth[near, number].max() - 1e-3
            contact.append(abs(float(fine[near][top].mean()) - middle))
        elif number in VOWEL_INDICES and p.stress >= 1:
            peak.append(abs(float(fine[near][smooth[near, number].argmax()]) - middle))
        elif p.viseme == "viseme_sil" and p.end - p.start > 0.25:
            silence.append(float(opening[np.abs(times - middle).argmin()]))
    return {
        "bilabial": bilabial, "contact": contact, "peak": peak, "silence": silence, "jaw": opening.tolist(),
        "step": np.abs(np.diff(opening)).tolist(), "envelope": find_best_lag(opening, compute_envelope(line, times)),
        "sum": float(weights.sum(1).max()), "took": took, "seconds": seconds,
    }  # fmt: skip


def report_speech(path: Path) -> dict[str, Any]:
    """The measurements over all lines of a pickled Speech."""
    speech = pickle.loads(path.read_bytes())
    rows = [measure_line(line) for line in speech.lines]
    joined = {key: [x for row in rows for x in row[key]] for key in ("bilabial", "contact", "peak", "silence", "jaw", "step")}
    open_jaw = [x for x in joined["jaw"] if x > 0.05]
    return {
        "speech": path.stem, "voice": speech.voice, "lines": len(rows), "bilabials": len(joined["bilabial"]),
        "bilabials_closed": round(float(np.mean(np.array(joined["bilabial"]) < 0.02)), 3),
        "bilabial_opening_max": round(max(joined["bilabial"]), 4), "silence_opening_max": round(max(joined["silence"], default=0), 4),
        "jaw_median": round(float(np.median(open_jaw)), 3), "jaw_p90": round(float(np.percentile(open_jaw, 90)), 3),
        "jaw_max": round(max(open_jaw), 3), "jaw_step_max": round(max(joined["step"]), 3),
        "contact_error_ms": round(1000 * float(np.mean(joined["contact"])), 1),
        "vowel_peak_error_ms": round(1000 * float(np.mean(joined["peak"])), 1),
        "envelope_correlation": round(float(np.mean([row["envelope"][0] for row in rows])), 3),
        "envelope_lag_ms": round(1000 * float(np.mean([row["envelope"][1] for row in rows])), 1),
        "weights_sum_max": round(max(row["sum"] for row in rows), 4),
        "ms_per_second_of_speech": round(1000 * sum(row["took"] for row in rows) / sum(row["seconds"] for row in rows), 2),
    }  # fmt: skip


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(json.dumps(report_speech(Path(name))) + "\n")
