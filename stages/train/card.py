"""The model card and the sample sheet beside the weights, with metrics measured on held-out skins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from stages.texture.tiles import face_window, library, lightness, tone_of
from stages.train.data import Blends, splits
from stages.train.loop import Run
from stages.train.start import fresh_generator

CARD = """# skin-stylegan

A StyleGAN2-style generator of skin: a latent (64), age, gender and tone in; head tile and body tile (RGB, 128 px) out.

| | |
|---|---|
| licence | CC0-1.0 (weights), Apache-2.0 (code) |
| data | {data} |
| command | `{command}` |
| steps | {step} of batch {batch} ({images} images) |
| wall time | {minutes:.1f} min on one shared CPU thread |
| parameters | {parameters} (1.7 M of them the linear skin) |
| losses at the end | critic {critic:.3f}, generator {generator:.3f} |
| sha256 | `{digest}` |

## How it was trained
The linear skin (mean and 16 components, part of the generator) starts at the training data's principal components;
the styled layers start silent: most of what is seen comes from this start, which the adversarial training then refines.
Then all of it is trained adversarially: non-saturating loss, R1 {penalty} every {every} steps, whole-pixel shifts on real
and made pictures, Adam at {g_lr:g} (generator) and {d_lr:g} (critic), averaged weights ({average}), the critic at 64 px first
and at 128 px from step {grow}. A small loss holds the face's mean brightness to the tone asked for.

## Metrics (64 made tiles against 64 blends of the {split} skins, which training never saw)
| measure | trained | its start (principal components only) |
|---|---|---|
| distance of the means (8 px RGB, 0..255) | {mean_gap:.2f} | {start[mean_gap]:.2f} |
| spread of made / spread of real | {spread:.2f} | {start[spread]:.2f} |
| tone asked - tone got, mean absolute (0..1) | {tone:.3f} | {start[tone]:.3f} |

## Limits
Twenty painted skins are few: variety is in tone, blood, age marks, lips and their mixtures, not in new kinds of skin.
Samples are smooth at 128 px; pores, lids and lip lines are added by the texture stage. The head tile is symmetric. Tone between light
and dark comes from recoloured skins, not from photographs. No claim is made about any real population.
"""


def sample(net: Any, conditions: Floats, seed: int) -> Floats:
    """(b,6,s,s) tiles of the averaged generator."""
    import torch

    z = torch.randn(len(conditions), net.latent, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        made: Floats = net(z, torch.from_numpy(conditions)).numpy()
    return made


def pixels(tiles: Floats) -> Pixels:
    """(b,h,w,6) uint8 of tiles in -1..1."""
    shown: Pixels = np.clip((tiles.transpose(0, 2, 3, 1) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return shown


def metrics(net: Any, split: str) -> dict[str, float]:
    """mean_gap, spread and tone of made tiles against the held-out split."""
    import cv2

    skins = library()
    real, told = Blends(skins, splits(len(skins.names))[split]).batch(np.random.default_rng(7), 64)
    made, shown = pixels(sample(net, told, 7)), pixels(real)
    small = [np.stack([cv2.resize(t, (8, 8), interpolation=cv2.INTER_AREA) for t in x]).astype(np.float64) for x in (made, shown)]
    rows, columns = face_window(made.shape[1])
    got = np.array([tone_of(lightness(t[rows, columns, :3])) for t in made])
    return {
        "mean_gap": float(np.abs(small[0].mean(0) - small[1].mean(0)).mean()),
        "spread": float(small[0].std(0).mean() / small[1].std(0).mean()),
        "tone": float(np.abs(got - told[:, 2]).mean()),
    }


def sheet(net: Any, file: Path) -> None:
    """A picture of made heads and bodies over tones, ages and genders."""
    import cv2

    rng = np.random.default_rng(1)
    told = np.stack([rng.uniform(0.2, 0.75, 16), rng.integers(0, 2, 16), np.linspace(0.05, 0.95, 16)], 1).astype(np.float32)
    made = pixels(sample(net, told, 1))
    rows = [np.hstack(list(made[half, ..., part])) for half in (slice(0, 8), slice(8, 16)) for part in (slice(0, 3), slice(3, 6))]
    cv2.imwrite(str(file), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def write_card(run: Run, out: Path, entry: dict[str, Any], split: str = "test") -> None:
    """skin-stylegan.md and skin-stylegan.png in `out`."""
    sheet(run.averaged, out / "skin-stylegan.png")
    recipe = run.recipe
    last = run.history[-1] if run.history else {"critic": float("nan"), "generator": float("nan")}
    skins = library()
    start = fresh_generator(recipe.seed, Blends(skins, splits(len(skins.names))["train"]))
    count = sum(p.numel() for p in run.averaged.parameters())
    text = CARD.format(
        data=entry["data"], command=entry["command"], digest=entry["sha256"], step=run.step, batch=recipe.batch,
        images=run.step * recipe.batch, minutes=run.seconds / 60, parameters=f"{count / 1e6:.2f} M", critic=last["critic"],
        generator=last["generator"], penalty=recipe.penalty, every=recipe.penalty_every, average=recipe.average,
        grow=recipe.grow_at,
        g_lr=recipe.generator_lr,
        d_lr=recipe.critic_lr, split=split, start=metrics(start, split), **metrics(run.averaged, split),
    )  # fmt: skip
    (out / "skin-stylegan.md").write_text(text, encoding="utf-8")
