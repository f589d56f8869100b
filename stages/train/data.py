"""The training set: endless blends of the CC0 skins, each with its age, gender and tone, split by skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from stages.texture.tiles import SkinLibrary, face_window, lightness, tone_of

SIZE = 128
TEST = (3, 6, 14)
VALIDATION = (1, 9, 16)
# CIE L, a, b of skin from the lightest to the darkest tone, after published skin colour ranges.
TONES = np.array([[77, 10, 16], [70, 13, 19], [60, 15, 22], [48, 15, 21], [37, 13, 17], [27, 10, 12]], np.float32)


@dataclass(frozen=True)
class Sample:
    """One training example."""

    tiles: Floats
    """(6,128,128) head RGB then body RGB, -1..1."""
    condition: Floats
    """(3,) age/100, gender, tone."""


def splits(count: int) -> dict[str, tuple[int, ...]]:
    """train, validation, test: skin indices, none in two."""
    held = set(TEST) | set(VALIDATION)
    return {"train": tuple(i for i in range(count) if i not in held), "validation": VALIDATION, "test": TEST}


def tone_colour(tone: float) -> Floats:
    """(3,) CIE Lab of a tone 0..1."""
    at = np.linspace(0, 1, len(TONES))
    return np.array([np.interp(tone, at, TONES[:, k]) for k in range(3)], np.float32)


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
                small = cv2.resize(_calm_margins(tile, mask), (size, size), interpolation=cv2.INTER_AREA)
                pair.append(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
            self.lab[i] = (_symmetric(pair[0]), pair[1])

    def draw(self, rng: np.random.Generator) -> Sample:
        """One blend of two skins in a drawn tone, with drawn blood, lips and freckles."""
        import cv2

        tone = float(rng.uniform(0, 1))
        first, second = self._pair(rng, tone)
        mask = _smooth_mask(rng, self.size)
        share = float(mask.mean())
        target = tone_colour(tone) + rng.normal(0, (0.6, 0.8, 0.8)).astype(np.float32)
        mixed = []
        for part in (0, 1):
            here = mask if part == 0 else np.full_like(mask, share)
            toned = [_recolour(self.lab[i][part], _face_colour(self.lab[i][0]), target) for i in (first, second)]
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

    def _pair(self, rng: np.random.Generator, tone: float) -> tuple[int, int]:
        """Two skins near the tone, so that no dark scalp is bleached nor a pale one burnt."""
        distance = np.array([abs(self.tones[i] - tone) for i in self.members])
        chance = np.exp(-distance / 0.15) + 1e-3
        first, second = rng.choice(len(self.members), 2, replace=False, p=chance / chance.sum())
        return self.members[first], self.members[second]


def _calm_margins(tile: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
    """The tile with its uncovered pixels in the covered ones' mean colour, softly joined: nothing there to learn."""
    import cv2

    inside = mask > 0
    near = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    calm = tile.copy()
    calm[~near] = np.median(tile[inside], 0).astype(np.uint8)
    soft = cv2.GaussianBlur(calm, (0, 0), 6)
    return np.where(near[..., None], calm, soft)


def _symmetric(lab: Floats) -> Floats:
    """The head tile averaged a little with its mirror image: what the photographs' light did is not the person's."""
    blended: Floats = 0.5 * (lab + lab[:, ::-1])
    return blended


def _face_colour(head: Floats) -> Floats:
    """(3,) median Lab of a head tile's face."""
    rows, columns = face_window(len(head))
    colour: Floats = np.median(head[rows, columns].reshape(-1, 3), 0)
    return colour


def _recolour(lab: Floats, own: Floats, target: Floats) -> Floats:
    """The tile moved from its own face colour to the target; contrast follows lightness."""
    contrast = float(np.clip(np.sqrt(target[0] / max(own[0], 1)), 0.6, 1.3))
    scale = np.array([contrast, 0.85, 0.85], np.float32)
    moved: Floats = (target + (lab - own) * scale).astype(np.float32)
    return moved


def _smooth_mask(rng: np.random.Generator, size: int) -> Floats:
    """(s,s,1) weight 0..1 of the first skin, wide and mirror-symmetric so that no seam shows."""
    import cv2

    coarse = rng.normal(0, 1, (4, 4)).astype(np.float32) * 0.5 + rng.normal(0, 0.9)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    mask: Floats = (1 / (1 + np.exp(-1.5 * (field + field[:, ::-1]) / 2)))[..., None].astype(np.float32)
    return mask


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
