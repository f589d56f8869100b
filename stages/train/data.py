"""The training set: endless blends of the CC0 skins, each with its age, gender and tone, split by skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Floats
from stages.datasets.skins import calm_margins, face_colour, near_tone, recolour, smooth_mask, splits, symmetric
from stages.datasets.tones import TONES, tone_colour
from stages.texture.tiles import SkinLibrary, face_window, lightness, tone_of

SIZE = 128
__all__ = ["SIZE", "TONES", "Blends", "Sample", "splits", "tone_colour"]


@dataclass(frozen=True)
class Sample:
    """One training example."""

    tiles: Floats
    """(6,128,128) head RGB then body RGB, -1..1."""
    condition: Floats
    """(3,) age/100, gender, tone."""


class Blends:
    """Draws samples from the skins of one split."""

    def __init__(self, library: SkinLibrary, members: tuple[int, ...], size: int = SIZE) -> None:
        import cv2

        self.size, self.members = size, members
        self.ages, self.genders, self.tones = library.ages, library.genders, library.tones
        self.lab: dict[int, tuple[Floats, Floats]] = {}
        for i in members:
            pair = []
            for tile, mask in ((library.heads[i], library.coverage["head"]), (library.bodies[i], library.coverage["body"])):
                small = cv2.resize(calm_margins(tile, mask), (size, size), interpolation=cv2.INTER_AREA)
                pair.append(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
            self.lab[i] = (symmetric(pair[0]), pair[1])

    def draw(self, rng: np.random.Generator) -> Sample:
        """One blend of two skins in a drawn tone, with drawn blood, lips and freckles."""
        import cv2

        tone = float(rng.uniform(0, 1))
        first, second = near_tone(self.tones, self.members, tone, 2, rng)
        mask = smooth_mask(rng, self.size)
        share = float(mask.mean())
        target = tone_colour(tone) + rng.normal(0, (0.6, 0.8, 0.8)).astype(np.float32)
        mixed = []
        for part in (0, 1):
            here = mask if part == 0 else np.full_like(mask, share)
            toned = [recolour(self.lab[i][part], face_colour(self.lab[i][0]), target) for i in (first, second)]
            mixed.append(here * toned[0] + (1 - here) * toned[1])
        head, body = _seasoned(mixed[0], rng), mixed[1]
        rgb = np.concatenate([cv2.cvtColor(np.ascontiguousarray(x, np.float32), cv2.COLOR_LAB2RGB) for x in (head, body)], 2)
        age = share * self.ages[first] + (1 - share) * self.ages[second] + rng.normal(0, 4)
        gender = share * self.genders[first] + (1 - share) * self.genders[second]
        rows, columns = face_window(self.size)
        seen = tone_of(lightness(rgb[rows, columns, :3] * 255))
        condition = np.array([age / 100, gender, seen], np.float32)
        return Sample((rgb.transpose(2, 0, 1) * 2 - 1).astype(np.float32), condition)

    def batch(self, rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        """(b,6,s,s) tiles and (b,3) conditions."""
        drawn = [self.draw(rng) for _ in range(count)]
        return np.stack([d.tiles for d in drawn]), np.stack([d.condition for d in drawn])


def _spot(size: int, x: float, y: float, width: float, height: float) -> Floats:
    """(s,s) soft ellipse around a point of the tile."""
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    spot: Floats = np.exp(-(((grid[None] - x) / width) ** 2 + ((grid[:, None] - y) / height) ** 2))
    return spot


def _seasoned(lab: Floats, rng: np.random.Generator) -> Floats:
    """Haemoglobin on cheeks and nose, lips redder or paler, melanin dots."""
    size = len(lab)
    out = lab.copy()
    cheeks = _spot(size, 0.30, 0.66, 0.09, 0.08) + _spot(size, 0.70, 0.66, 0.09, 0.08) + 0.6 * _spot(size, 0.5, 0.66, 0.05, 0.05)
    out[..., 1] += cheeks * rng.uniform(-1, 4)
    lips = _spot(size, 0.5, 0.79, 0.09, 0.035)
    out[..., 1] += lips * rng.uniform(-2, 6)
    out[..., 0] += lips * rng.uniform(-4, 3)
    if rng.random() < 0.25:
        dots = (rng.random((size, size)) < 0.06) * (_spot(size, 0.5, 0.62, 0.22, 0.10))
        out[..., 0] -= dots * rng.uniform(1, 4)
    return out
