"""Colours of hair, cloth and iris: what the spec asks for, or what age, origin and seed make likely; and textures in them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Pixels
from assets.errors import BackendError, Finding

MAX_PICTURE_SIDE = 1024
# sRGB of common natural hair and iris colours, darkest first.
_HAIR = ("#14100e", "#241a15", "#3b2619", "#5a3a22", "#7d5530", "#a3845c", "#6b2f1a")
_IRIS = ("#2e1a10", "#4a2c17", "#6b4a22", "#5a6140", "#566d78", "#607484")
_GREY = "#b9b6b2"
_MIN_LIGHT, _MAX_TONE, _MAX_LOG_DEVIATION = 0.02, 0.95, 0.3
"""Of hair: light that counts as none, that of the brightest glint, and the standard deviation of the light's logarithm, at most."""
_BLUR_SHARE, _FLATTENING = 0.008, 0.8
"""Of the picture's side: what is wider is a glint or a shadow, no strand; how much of it the fairest hair loses."""


def parse_hex_colour(colour: str) -> Floats:
    """(3,) sRGB 0..1 of #rrggbb."""
    return np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)], np.float32)


def _is_dark_pigment(body: Body) -> bool:
    """Whether hair and eyes are dark: with a third of such origin they are, dark colours being dominant."""
    return body.phenotype.get("african", 0) + body.phenotype.get("asian", 0) > 0.3


def choose_hair_colour(body: Body, asked: str | None, rng: np.random.Generator) -> Floats:
    """(3,) sRGB: as asked; else by origin and seed, greying from the middle forties on."""
    pick = int(rng.integers(len(_HAIR)))
    if asked:
        return parse_hex_colour(asked)
    own = parse_hex_colour(_HAIR[pick % 2 if _is_dark_pigment(body) else pick])
    return grey_hair(own, float(np.clip((body.phenotype["age_years"] - 42) / 36, 0, 1)) * 0.85)


def grey_hair(own: Floats, share: float) -> Floats:
    """(3,) sRGB of hair of which a share has lost its pigment; red goes before yellow: mixed alike, ginger hair would turn pink."""
    import cv2

    pigment, bare = (
        cv2.cvtColor(np.asarray(colour, np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0] for colour in (own, parse_hex_colour(_GREY))
    )
    left = np.array([1 - share, (1 - share) ** 3, 1 - share], np.float32)
    mixed = bare + (pigment - bare) * left
    return np.asarray(np.clip(cv2.cvtColor(mixed[None, None], cv2.COLOR_LAB2RGB)[0, 0], 0, 1), np.float32)


def choose_iris_colour(body: Body, asked: str | None, rng: np.random.Generator) -> Floats:
    """(3,) sRGB: as asked; else by origin and seed."""
    pick = int(rng.integers(len(_IRIS)))
    if asked:
        return parse_hex_colour(asked)
    return parse_hex_colour(_IRIS[pick % 2 if _is_dark_pigment(body) else pick])


@lru_cache(maxsize=48)
def load_picture(path: Path, channels: int) -> Pixels:
    """(h,w,channels) of a wardrobe picture, at most LIMIT px a side, not to be written on; raises BackendError where it cannot be read.

    Remembered: a crowd wears the same few things, and decoding them is most of what dressing costs.
    """
    import cv2

    flag = cv2.IMREAD_UNCHANGED if channels == 4 else cv2.IMREAD_COLOR
    pixels = cv2.imread(str(path), flag)
    if pixels is None:
        raise BackendError(Finding("groom/picture", f"{path.name} is no picture", fix="run `npm ci`"))
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if channels == 4 and pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    largest = max(pixels.shape[:2])
    if largest > MAX_PICTURE_SIDE:
        scale = MAX_PICTURE_SIDE / largest
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    order = cv2.COLOR_BGRA2RGBA if channels == 4 else cv2.COLOR_BGR2RGB
    shown = np.asarray(cv2.cvtColor(pixels, order), np.uint8)
    shown.flags.writeable = False
    return shown


def tint_hair(path: Path, colour: Floats, contrast: float = 0.8, cover: float = 1.0) -> Image:
    """(h,w,4) hair in the colour: the picture's light and dark about their mean, its alpha, and no dark fringe beyond it."""
    pixels = load_picture(path, 4)
    alpha = pixels[..., 3].astype(np.float32) / 255
    share = alpha / max(float(alpha.sum()), 1e-6)
    light = np.log(np.maximum(pixels[..., :3].astype(np.float32).mean(2) / 255, _MIN_LIGHT))
    drawn = alpha > 0.05
    # Where nothing is drawn the colour still bleeds in when the picture is filtered.
    light = np.where(drawn, light - float((light * share).sum()), 0)
    # Photographs of black hair hold glints of ten times its darks: on fair hair they would be patches of white and black.
    light = light * min(contrast, _MAX_LOG_DEVIATION / max(float(np.sqrt((light**2 * share).sum())), 1e-6))
    tone = np.exp(light - _FLATTENING * float(colour.max()) * _blur_light(light, alpha))
    tone = _compress_highlights(np.clip(tone / float((tone * share).sum()), 0.35, 1.6), drawn, colour)[..., None]
    # Shadows between fair strands are browner: light that passes through more hair loses its blue first.
    depth = 1 + 0.6 * (1 - colour / max(float(colour.max()), 1e-3)) * (tone < 1)
    painted = np.clip(colour * tone**depth, 0, 1)
    covered = np.clip(alpha * cover, 0, 1)[..., None]
    return Image((np.concatenate([painted, covered], 2) * 255 + 0.5).astype(np.uint8))


def _blur_light(light: NDArray[np.floating], alpha: NDArray[np.floating]) -> Floats:
    """(h,w) the light without its strands. Painted for black hair, it would lie on fair hair as patches of mud."""
    import cv2

    sigma = _BLUR_SHARE * max(light.shape)
    around = [cv2.GaussianBlur(np.asarray(part, np.float32), (0, 0), sigma) for part in (light * alpha, alpha)]
    return np.asarray(around[0] / np.maximum(around[1], 1e-3), np.float32)


def _compress_highlights(tone: Floats, drawn: NDArray[np.bool_], colour: Floats) -> Floats:
    """The tones, those of fair hair darkened and its glints pressed together until they keep their drawing below white."""
    room = _MAX_TONE / max(float(colour.max()), 1e-3)
    glint = float(np.percentile(tone[drawn], 98)) if drawn.any() else 1.0
    if glint <= room:
        return tone
    middle = np.sqrt(room / glint)
    darker = tone * middle
    pressed = (room - middle) / max(glint * middle - middle, 1e-6)
    return np.asarray(np.where(darker > middle, middle + (darker - middle) * pressed, darker), np.float32)


def tint_cloth(path: Path, tint: str | None) -> tuple[Image, bool]:
    """The garment's colour picture, tinted in CIE Lab with its light and dark kept; and whether it has holes."""
    import cv2

    pixels = load_picture(path, 4)
    holes = bool((pixels[..., 3] < 128).mean() > 0.002)
    colour = np.ascontiguousarray(pixels[..., :3])
    if tint:
        lab = cv2.cvtColor(colour.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        asked = cv2.cvtColor(parse_hex_colour(tint)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
        middle = float(np.median(lab[..., 0]))
        lab[..., 0] = np.clip(asked[0] + (lab[..., 0] - middle) * 0.8, 0, 100)
        lab[..., 1:] = asked[1:] + (lab[..., 1:] - np.median(lab[..., 1:], (0, 1))) * 0.15
        colour = (np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image(np.dstack([colour, pixels[..., 3]]) if holes else colour), holes


def shade_tongue(path: Path) -> Image:
    """(h,w,3) the tongue as it looks in a mouth: in the shade, nothing glows."""
    shown = load_picture(path, 3).astype(np.float32) / 255
    return Image((np.clip(shown * np.array([0.72, 0.52, 0.50]), 0, 1) * 255 + 0.5).astype(np.uint8))


def build_garment_orm(path: Path, roughness: float) -> Image:
    """(h,w,3) occlusion, roughness, metallic of a garment."""
    shade = load_picture(path, 3)[..., 0]
    rough = np.full_like(shade, round(roughness * 255))
    return Image(np.dstack([shade, rough, np.zeros_like(shade)]), srgb=False)
