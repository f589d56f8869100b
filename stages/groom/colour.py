"""Colours of hair, cloth and iris, from the spec or else from age, origin and seed; and pictures tinted with them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Ints, Pixels
from assets.errors import BackendError, Finding
from assets.paths import REINSTALL_NODE_PACKAGES
from assets.uv_tile import rasterise

MAX_PICTURE_SIDE = 1024
"""Pixels; larger pictures are scaled down."""
# sRGB of common natural hair and iris colours; people of dark pigment have one of the first two.
_HAIR = ("#14100e", "#241a15", "#3b2619", "#5a3a22", "#7d5530", "#a3845c", "#6b2f1a")
NATURAL_COUNT = len(_HAIR)
_IRIS = ("#2e1a10", "#4a2c17", "#6b4a22", "#5a6140", "#566d78", "#607484")
_GREY = "#b9b6b2"
_MIN_LIGHT, _MAX_TONE, _MAX_LOG_DEVIATION = 0.02, 0.95, 0.3
"""Of hair: the least light, the brightness of the brightest glint, and the largest standard deviation of the logarithm of light."""
_TONGUE_SIDE, _TONGUE_TINT = 256, np.array([0.62, 0.52, 0.50], np.float32)
_TONGUE_DEPTHS_M, _TONGUE_LIGHT = (0.0, 0.012, 0.030, 0.045), (0.78, 0.46, 0.12, 0.03)
"""Share of light, as sRGB values, that reaches the tongue so far behind its tip."""
_BLUR_SHARE, _FLATTENING = 0.008, 0.8
"""Share of the picture's side above which light and dark are glint and shadow, not strands; how much of those the fairest hair loses."""


def parse_hex_colour(colour: str) -> Floats:
    """(3,) sRGB 0..1 of a colour #rrggbb."""
    return np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)], np.float32)


def _is_dark_pigment(body: Body) -> bool:
    """Whether hair and eyes are dark; a third of African or Asian origin is enough, because dark colours are dominant."""
    return body.phenotype.get("african", 0) + body.phenotype.get("asian", 0) > 0.3


def choose_natural_colour(body: Body, requested: str | None, rng: np.random.Generator) -> tuple[Floats, float]:
    """(3,) sRGB and the share of grey: the requested colour without grey, otherwise by origin and seed, greying from the age of 42 on."""
    pick = int(rng.integers(len(_HAIR)))
    if requested:
        return parse_hex_colour(requested), 0.0
    natural = parse_hex_colour(_HAIR[pick % 2 if _is_dark_pigment(body) else pick])
    return natural, float(np.clip((body.phenotype["age_years"] - 42) / 36, 0, 1)) * 0.85


def grey_hair(natural: Floats, share: float) -> Floats:
    """(3,) sRGB of hair of which a share has lost its pigment. Red goes before yellow: faded equally, ginger hair would turn pink."""
    import cv2

    pigment, grey = (
        cv2.cvtColor(np.asarray(colour, np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0] for colour in (natural, parse_hex_colour(_GREY))
    )
    left = np.array([1 - share, (1 - share) ** 3, 1 - share], np.float32)
    mixed = grey + (pigment - grey) * left
    return np.asarray(np.clip(cv2.cvtColor(mixed[None, None], cv2.COLOR_LAB2RGB)[0, 0], 0, 1), np.float32)


def choose_iris_colour(body: Body, requested: str | None, rng: np.random.Generator) -> Floats:
    """(3,) sRGB: the requested colour, otherwise by origin and seed."""
    pick = int(rng.integers(len(_IRIS)))
    if requested:
        return parse_hex_colour(requested)
    return parse_hex_colour(_IRIS[pick % 2 if _is_dark_pigment(body) else pick])


# A crowd wears the same few things, and decoding their pictures is most of the cost of dressing it. A picture of the wardrobe takes
# up to 1 MB, so the cache takes up to 48 MB, about half of what all its pictures would.
@lru_cache(maxsize=48)
def load_picture(path: Path, channels: int) -> Pixels:
    """(h,w,channels) read-only pixels of a wardrobe picture, at most MAX_PICTURE_SIDE a side; raises BackendError if it is unreadable."""
    import cv2

    flag = cv2.IMREAD_UNCHANGED if channels == 4 else cv2.IMREAD_COLOR
    pixels = cv2.imread(str(path), flag)
    if pixels is None:
        raise BackendError(Finding("groom/picture", f"{path.name} cannot be read as a picture", fix=REINSTALL_NODE_PACKAGES))
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if channels == 4 and pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    largest = max(pixels.shape[:2])
    if largest > MAX_PICTURE_SIDE:
        scale = MAX_PICTURE_SIDE / largest
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    order = cv2.COLOR_BGRA2RGBA if channels == 4 else cv2.COLOR_BGR2RGB
    found = np.asarray(cv2.cvtColor(pixels, order), np.uint8)
    found.flags.writeable = False
    return found


def tint_hair(path: Path, colour: Floats, contrast: float = 0.8, cover: float = 1.0) -> Image:
    """(h,w,4) hair in this colour, with the picture's light and dark about their mean and its alpha, and no dark fringe around it."""
    pixels = load_picture(path, 4)
    alpha = pixels[..., 3].astype(np.float32) / 255
    share = alpha / max(float(alpha.sum()), 1e-6)
    light = np.log(np.maximum(pixels[..., :3].astype(np.float32).mean(2) / 255, _MIN_LIGHT))
    visible = alpha > 0.05
    # Filtering mixes in the colour of transparent texels as well.
    light = np.where(visible, light - float((light * share).sum()), 0)
    # In photographs of black hair, glints are ten times as bright as the darks: on fair hair they would be patches of white and black.
    light = light * min(contrast, _MAX_LOG_DEVIATION / max(float(np.sqrt((light**2 * share).sum())), 1e-6))
    tone = np.exp(light - _FLATTENING * float(colour.max()) * _blur_light(light, alpha))
    tone = _compress_highlights(np.clip(tone / float((tone * share).sum()), 0.35, 1.6), visible, colour)[..., None]
    # Shadows between fair strands are browner: light that passes through more hair loses blue first.
    depth = 1 + 0.6 * (1 - colour / max(float(colour.max()), 1e-3)) * (tone < 1)
    painted = np.clip(colour * tone**depth, 0, 1)
    opacity = np.clip(alpha * cover, 0, 1)[..., None]
    return Image((np.concatenate([painted, opacity], 2) * 255 + 0.5).astype(np.uint8))


def _blur_light(light: NDArray[np.floating], alpha: NDArray[np.floating]) -> Floats:
    """(h,w) the light without its strands: painted for black hair, it would show on fair hair as patches of mud."""
    import cv2

    sigma = _BLUR_SHARE * max(light.shape)
    total, weight = (cv2.GaussianBlur(np.asarray(part, np.float32), (0, 0), sigma) for part in (light * alpha, alpha))
    return np.asarray(total / np.maximum(weight, 1e-3), np.float32)


def _compress_highlights(tone: Floats, visible: NDArray[np.bool_], colour: Floats) -> Floats:
    """The tones; those of fair hair darkened, and its glints compressed until their detail stays below white."""
    room = _MAX_TONE / max(float(colour.max()), 1e-3)
    glint = float(np.percentile(tone[visible], 98)) if visible.any() else 1.0
    if glint <= room:
        return tone
    middle = np.sqrt(room / glint)
    darker = tone * middle
    slope = (room - middle) / max(glint * middle - middle, 1e-6)
    return np.asarray(np.where(darker > middle, middle + (darker - middle) * slope, darker), np.float32)


def tint_cloth(path: Path, tint: str | None) -> tuple[Image, bool]:
    """The garment's albedo, tinted in CIE Lab so that its light and dark stay; and whether it has holes."""
    import cv2

    pixels = load_picture(path, 4)
    has_holes = bool((pixels[..., 3] < 128).mean() > 0.002)
    colour = np.ascontiguousarray(pixels[..., :3])
    if tint:
        lab = cv2.cvtColor(colour.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        target = cv2.cvtColor(parse_hex_colour(tint)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
        middle = float(np.median(lab[..., 0]))
        lab[..., 0] = np.clip(target[0] + (lab[..., 0] - middle) * 0.8, 0, 100)
        lab[..., 1:] = target[1:] + (lab[..., 1:] - np.median(lab[..., 1:], (0, 1))) * 0.15
        colour = (np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image(np.dstack([colour, pixels[..., 3]]) if has_holes else colour), has_holes


def shade_tongue(path: Path, uv: Floats, triangles: Ints, positions: Floats) -> Image:
    """(s,s,3) the tongue darkened as inside a mouth, where it would glow otherwise: the more, the further it is behind its tip.

    Args:
        uv, triangles, positions: of the tongue's mesh, in metres; facing +Z.
    """
    import cv2

    pixels = load_picture(path, 3)
    side = min(pixels.shape[0], _TONGUE_SIDE)
    pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    behind = (positions[:, 2].max() - positions[:, 2])[:, None]
    depth, covered = rasterise(uv, triangles, behind, side)
    light = np.interp(depth, _TONGUE_DEPTHS_M, _TONGUE_LIGHT)
    light = cv2.GaussianBlur(np.where(covered[..., None], light, _TONGUE_LIGHT[-1]).astype(np.float32), (0, 0), side / 128)[..., None]
    return Image((np.clip(pixels * _TONGUE_TINT * light, 0, 1) * 255 + 0.5).astype(np.uint8))


def build_garment_orm(path: Path, roughness: float) -> Image:
    """(h,w,3) occlusion, roughness and metallic of a garment."""
    occlusion = load_picture(path, 3)[..., 0]
    rough = np.full_like(occlusion, round(roughness * 255))
    return Image(np.dstack([occlusion, rough, np.zeros_like(occlusion)]), srgb=False)
