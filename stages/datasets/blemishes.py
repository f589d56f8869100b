"""Blemishes and make-up on a head tile in CIE Lab: redness, freckles, moles, scars, wrinkles, stubble, cosmetics.

Positions are shares of the tile's side, as in stages.texture.detail; a tile is about 0.3 m wide across the face.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from stages.texture import detail
from stages.texture.detail import EYES, MOUTH, draw_soft_spot

CHEEKS = ((0.36, 0.64), (0.64, 0.64))
NOSE = (0.5, 0.62)


def sample_smooth_noise(size: int, rng: np.random.Generator, cells: int = 6) -> Floats:
    """(s,s) smooth noise of about unit standard deviation."""
    import cv2

    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    smooth: Floats = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return smooth


def compute_lip_mask(lab: Floats) -> Floats:
    """(s,s) 0..1 the lips of this head: the part of the mouth's area that is redder than the skin around it."""
    import cv2

    size = len(lab)
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    # exp(-r^4) has a flatter top and a steeper edge than a Gaussian.
    x, y = (grid[None] - MOUTH[0]) / 0.115, (grid[:, None] - MOUTH[1]) / 0.052
    area = np.exp(-((x**2 + y**2) ** 2))
    around = float(np.median(lab[int(0.60 * size) : int(0.70 * size), int(0.3 * size) : int(0.7 * size), 1]))
    redder = 1 / (1 + np.exp(-(cv2.GaussianBlur(lab[..., 1], (0, 0), size / 128) - around - 3.5) / 1.2))
    mask: Floats = (area * redder).astype(np.float32)
    return mask


def paint_lips(lab: Floats, colour: float, lipstick: float) -> Floats:
    """The head with lips of a natural redness `colour` 0..1 and `lipstick` 0..1 on top."""
    mask = compute_lip_mask(lab)
    shift = np.array([-2.5, 7.0, 0.5], np.float32) * (colour - 0.35)
    shift = shift + lipstick * np.array([-7.0, 20.0, 4.0], np.float32)
    return np.asarray(lab + mask[..., None] * shift, np.float32)


def add_redness(lab: Floats, redness: float, rng: np.random.Generator) -> Floats:
    """Uneven haemoglobin in cheeks, nose and forehead; `redness` -0.2 (pale) .. 1 (flushed)."""
    size = len(lab)
    mask = 0.9 * sum(draw_soft_spot(size, x, y, 0.095, 0.085) for x, y in CHEEKS) + 0.6 * draw_soft_spot(size, *NOSE, 0.045, 0.06)
    mask = mask + 0.15 * draw_soft_spot(size, 0.5, 0.32, 0.2, 0.08)
    uneven = np.clip(1 + 0.25 * sample_smooth_noise(size, rng, 12), 0.4, 1.6)
    amount = (mask * uneven * redness).astype(np.float32)
    return np.asarray(lab + amount[..., None] * np.array([-2.2, 6.0, 1.0], np.float32), np.float32)


def add_pigment_variation(lab: Floats, rng: np.random.Generator, amount: float) -> Floats:
    """Gradual changes of pigment over the tile, mirror-symmetric; `amount` 1 is a sun-damaged skin."""
    size = len(lab)
    wave = sample_smooth_noise(size, rng)
    # Symmetric, because the tile's left and right edges meet at the back of the head.
    wave = 0.5 * (wave + wave[:, ::-1])
    return np.asarray(lab + (amount * wave)[..., None] * np.array([-1.2, 0.3, 0.8], np.float32), np.float32)


def add_freckles(lab: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """Freckles on nose and cheeks, `amount` 0..1; on dark skin they hardly show."""
    gain = detail.generate_freckles(len(lab), amount, rng) * float(np.clip(np.median(lab[..., 0]) / 65, 0.2, 1))
    return np.asarray(lab + gain[..., None] * np.array([-12.0, 2.5, 6.0], np.float32), np.float32)


def add_moles(lab: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Dark round spots of one to three millimetres on face and neck, but not near eyes and mouth."""
    out = lab
    # Depth in proportion to lightness, so that moles on dark skin do not turn black.
    light = float(np.median(lab[..., 0]))
    for _ in range(count):
        x, y = rng.uniform(0.22, 0.78), rng.uniform(0.28, 0.95)
        # Random numbers of a rejected mole are not drawn again: the count is an upper limit.
        if min(abs(x - e[0]) + abs(y - e[1]) for e in (*EYES, MOUTH)) < 0.09:
            continue
        radius = rng.uniform(0.0028, 0.0055)
        depth = rng.uniform(0.22, 0.42) * light
        dark = np.minimum(1.0, 1.3 * draw_soft_spot(len(lab), x, y, radius, radius * rng.uniform(0.8, 1.2)))
        out = out + dark[..., None] * np.array([-depth, 0.06 * depth, 0.02 * depth], np.float32)
    return np.asarray(out, np.float32)


def add_scars(lab: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Healed cuts: thin lines, paler and pinker than the skin, with a darker rim."""
    import cv2

    size, out = len(lab), lab
    for _ in range(count):
        height = rng.choice([rng.uniform(0.27, 0.36), rng.uniform(0.56, 0.74), rng.uniform(0.85, 0.95)])  # not on eyes or mouth
        start = np.array([rng.choice([rng.uniform(0.28, 0.42), rng.uniform(0.58, 0.72)]), height])
        angle, length = rng.uniform(0, np.pi), rng.uniform(0.03, 0.09)
        t = np.linspace(0, 1, 16)
        bend = rng.uniform(-0.15, 0.15) * length * np.sin(np.pi * t)
        points = start + length * np.stack([t * np.cos(angle) - bend * np.sin(angle), t * np.sin(angle) + bend * np.cos(angle)], 1)
        line = np.zeros((size, size), np.float32)
        # Sixteenths of a pixel, for the shift of 4 bits.
        cv2.polylines(line, [np.round(points * size * 16).astype(np.int32)], False, 1.0, max(1, round(size / 256)), cv2.LINE_AA, 4)
        core, rim = cv2.GaussianBlur(line, (0, 0), size / 420), cv2.GaussianBlur(line, (0, 0), size / 130)
        core, rim = core / max(float(core.max()), 1e-6), rim / max(float(rim.max()), 1e-6)
        out = (
            out
            + core[..., None] * np.array([7.0, 2.0, -2.5], np.float32)
            + (rim - core)[..., None] * np.array([-3.5, 2.5, 0.5], np.float32)
        )
    return np.asarray(out, np.float32)


def age_skin(lab: Floats, years: float, rng: np.random.Generator) -> Floats:
    """The head `years` older (wrinkles, age spots, paler) or, if negative, younger (smoother)."""
    import cv2

    size = len(lab)
    if years < 0:
        # At 256 px the filter acts on wrinkles, not on pores; finer detail is unchanged.
        small = cv2.resize(lab, (min(size, 256),) * 2, interpolation=cv2.INTER_AREA)
        change = cv2.resize(cv2.bilateralFilter(small, 0, 9, len(small) / 60) - small, (size, size), interpolation=cv2.INTER_CUBIC)
        return np.asarray(lab + min(-years / 20, 0.8) * (1 - _compute_feature_mask(size)[..., None]) * change, np.float32)
    amount = min(years / 25, 1.0)
    lines = cv2.GaussianBlur(detail.generate_wrinkle_height(size, rng), (0, 0), size / 400) * amount
    patches = np.clip(sample_smooth_noise(size, rng, 40) - 1.5, 0, 1) * np.clip(sample_smooth_noise(size, rng, 9), 0, 1)
    older = lab + lines[..., None] * np.array([7.0, -1.2, 0.0], np.float32)
    return np.asarray(
        older + (amount * patches)[..., None] * np.array([-9.0, 2.0, 5.0], np.float32) - amount * np.array([1, 0.6, -0.6]), np.float32
    )


def _compute_feature_mask(size: int) -> Floats:
    """(s,s) 0..1, 1 on eyes, nostrils and mouth, which are never smoothed."""
    spots = (
        sum(draw_soft_spot(size, x, y, 0.08, 0.05) for x, y in EYES)
        + draw_soft_spot(size, *MOUTH, 0.13, 0.06)
        + draw_soft_spot(size, 0.5, 0.67, 0.07, 0.04)
    )
    mask: Floats = np.clip(1.4 * spots, 0, 1).astype(np.float32)
    return mask


def compute_beard_mask(size: int) -> Floats:
    """(s,s) 0..1 where a beard grows: upper lip, chin and jaw, but not on the lips."""
    area = draw_soft_spot(size, 0.5, 0.735, 0.10, 0.028) + draw_soft_spot(size, 0.5, 0.885, 0.12, 0.065)
    for x in (0.345, 0.655):
        area = area + draw_soft_spot(size, x, 0.83, 0.085, 0.095) + 0.6 * draw_soft_spot(size, 0.5 + (x - 0.5) * 1.45, 0.72, 0.035, 0.1)
    grid = (np.arange(size) + 0.5) / size
    lips = np.exp(-(((grid[None] - 0.5) / 0.10) ** 4) - ((grid[:, None] - 0.792) / 0.032) ** 4)
    mask: Floats = (np.clip(area, 0, 1) * (1 - 0.95 * lips)).astype(np.float32)
    return mask


def add_stubble(lab: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """A shaved or growing beard, `amount` 0..1: hair roots darken and cool the skin, with a fine grain."""
    import cv2

    size = len(lab)
    grain = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), max(0.5, size / 640))
    grain = np.clip(0.75 + 0.45 * grain / max(float(grain.std()), 1e-6), 0, 2)
    # Darkening is a share of the skin's lightness, so that it fits every tone.
    dark = (compute_beard_mask(size) * grain * amount)[..., None]
    light = float(np.median(lab[..., 0]))
    return np.asarray(lab + dark * np.array([-0.2 * light, -2.0, -5.0], np.float32), np.float32)


def apply_makeup(lab: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """Foundation, eye shadow, eyeliner and rouge, `amount` 0..1; lipstick is in paint_lips."""
    import cv2

    size = len(lab)
    protected = _compute_feature_mask(size)[..., None]
    smooth = cv2.GaussianBlur(lab, (0, 0), size / 90)
    share = 0.45 * amount * (1 - protected) * _compute_face_mask(size)[..., None]
    out = (1 - share) * lab + share * smooth
    shade = np.array([(-9, 2, -6), (-10, 5, 2), (-7, 6, -9), (-6, -4, -6)][int(rng.integers(4))], np.float32)
    lids = _sum_spots(size, [(x, y - 0.012) for x, y in EYES], 0.052, 0.020)
    liner = _sum_spots(size, EYES, 0.048, 0.006)
    rouge = _sum_spots(size, [(0.5 + (x - 0.5) * 1.15, y + 0.005) for x, y in CHEEKS], 0.06, 0.045)
    out = out + amount * (lids[..., None] * shade + liner[..., None] * np.array([-10, 0, 0], np.float32))
    out = out + amount * rouge[..., None] * np.array([-1.5, 5.0, 1.0], np.float32)
    return np.asarray(out, np.float32)


def _sum_spots(size: int, centres: Iterable[tuple[float, float]], width: float, height: float) -> Floats:
    """(s,s) the sum of equal soft spots."""
    total: Floats = np.sum([draw_soft_spot(size, x, y, width, height) for x, y in centres], axis=0)
    return total


def _compute_face_mask(size: int) -> NDArray[np.float32]:
    """(s,s) 0..1, 1 on the face."""
    face: Floats = np.clip(1.6 * draw_soft_spot(size, 0.5, 0.6, 0.25, 0.3), 0, 1).astype(np.float32)
    return face
