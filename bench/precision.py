"""Speed of training in mixed precision on this machine; one JSON line with a ratio per net.

python -m bench.precision

Each ratio is the time of a float32 step over that of a bfloat16 step on one thread: medians of eight alternating steps after two
warm-up steps. Expect less than 1 on a CPU without AMX.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from stages.datasets.splits import ImageSplit
from stages.train.families.registry import make_family
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples
from stages.train.loop.loop import Plan, Run, advance_run, begin_run

NETS = {"dcgan": (64, 3), "dcgan-wgan-gp": (64, 3), "stylegan": (128, 3), "vae": (128, 6), "classifier": (128, 6)}
"""Net -> pixels a side and channels of its images."""
CONDITIONS = ("age_years", "gender", "tone")
WARM_UP_STEPS, TIMED_STEPS = 2, 8


def begin_noise_run(net: str, half: bool, folder: Path) -> Run:
    """A new run on images of noise, at full resolution from the first step."""
    size, channels = NETS[net]
    rng = np.random.default_rng(0)
    attributes = (rng.uniform(0, 1, (64, 3)) * (90, 1, 1)).astype(np.float32)
    noise = rng.integers(0, 255, (64, size, size, channels), dtype=np.uint8)
    data = make_examples(ImageSplit(noise, attributes, CONDITIONS, np.arange(64)), CONDITIONS)
    family = make_family(net)
    if getattr(family.recipe, "grow", ()):
        family = replace(family, recipe=replace(family.recipe, grow=()))  # type: ignore[type-var]
    return begin_run(family, Plan(), data, data, folder, Device(half=half))


def measure_speedup(net: str) -> float:
    """Seconds of a float32 step over seconds of a bfloat16 step."""
    import torch

    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        runs = {half: begin_noise_run(net, half, Path(folder) / str(half)) for half in (False, True)}
        times: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(WARM_UP_STEPS + TIMED_STEPS):
            for half, run in runs.items():
                started = time.perf_counter()
                advance_run(run)
                times[half].append(time.perf_counter() - started)
    full, mixed = (median(times[half][WARM_UP_STEPS:]) for half in (False, True))
    return round(full / mixed, 2)


if __name__ == "__main__":
    print(json.dumps({"bench": "precision", "float32_over_bfloat16": {net: measure_speedup(net) for net in NETS}}))
