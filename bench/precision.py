"""How much faster nets train in mixed precision on this machine; one JSON line with a ratio a net.

python -m bench.precision

Each ratio is the time of a float32 step over that of a bfloat16 one, one thread, both timed in turns: the median of eight after two.
Where the processor has no tiles for bfloat16 (AMX), expect less than 1.
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
"""Net -> pixels a side and planes of the pictures that it is timed on."""
CONDITIONS = ("age_years", "gender", "tone")
WARM_UP_STEPS, TIMED_STEPS = 2, 8


def begin_noise_run(net: str, half: bool, folder: Path) -> Run:
    """A fresh run on pictures of noise, grown up from the start."""
    size, planes = NETS[net]
    rng = np.random.default_rng(0)
    told = (rng.uniform(0, 1, (64, 3)) * (90, 1, 1)).astype(np.float32)
    noise = rng.integers(0, 255, (64, size, size, planes), dtype=np.uint8)
    data = make_examples(ImageSplit(noise, told, CONDITIONS, np.arange(64)), CONDITIONS)
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
                began = time.perf_counter()
                advance_run(run)
                times[half].append(time.perf_counter() - began)
    whole, mixed = (median(times[half][WARM_UP_STEPS:]) for half in (False, True))
    return round(whole / mixed, 2)


if __name__ == "__main__":
    print(json.dumps({"bench": "precision", "float32_over_bfloat16": {net: measure_speedup(net) for net in NETS}}))
