"""The albedo: the identity's smooth skin, sharpened with the fine detail of a CC0 skin of similar age, gender and tone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Floats, Pixels, Surface
from stages.texture.tiles import SkinLibrary, fill_margins

GENERATOR_BLUR = 3.2
"""Size, in pixels of a 512 px tile, of detail that the generator's 128 px cannot show."""
SEAM_REACH = 0.07
"""Distance, in tile widths, over which the correction of the neck's colour fades."""


def find_nearest_skin(skins: SkinLibrary, identity: Identity) -> int:
    """Index of the skin whose age, gender and tone are nearest to the identity's."""
    distance = (
        np.abs(skins.ages - identity.age) / 30 + 1.2 * np.abs(skins.genders - identity.gender) + 3 * np.abs(skins.tones - identity.tone)
    )
    return int(np.argmin(distance))


def to_lab(pixels: Pixels) -> Floats:
    """(h,w,3) CIE Lab."""
    import cv2

    # Of float32 in 0..1: OpenCV then gives L 0..100; of uint8 it would scale L to 0..255.
    lab: Floats = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab


def to_pixels(lab: Floats) -> Pixels:
    """(h,w,3) sRGB uint8 of CIE Lab; values outside the gamut are clipped."""
    import cv2

    rgb = cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB)
    pixels: Pixels = np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels


def extract_fine_detail(skin: Pixels, light: float, is_head: bool) -> Floats:
    """(s,s,3) Lab detail of a skin above the generator's resolution, scaled to a skin of median lightness `light`."""
    import cv2

    lab = to_lab(skin)
    detail = lab - cv2.GaussianBlur(lab, (0, 0), GENERATOR_BLUR * len(skin) / 512)
    if is_head:
        # The head is cut open at the back: the left and right edges are one line and need the same detail.
        side = np.abs(np.linspace(-1, 1, len(skin)))[None, :, None]
        share = 0.5 * np.clip((side - 0.55) / 0.4, 0, 1)
        detail = (1 - share) * detail + share * detail[:, ::-1]
    else:
        # Some body skins are painted with hairs, scratches and seams, which look like wounds on bare arms and necks.
        detail = 4 * np.tanh(detail / 4)
    scale = float(np.clip(light / max(float(np.median(lab[..., 0])), 1.0), 0.5, 1.6))
    residual: Floats = (detail * np.array([scale, 0.8, 0.8])).astype(np.float32)
    return residual


def paint_albedo(tile: Pixels, skin: Pixels, size: int, is_head: bool) -> Floats:
    """(size,size,3) CIE Lab albedo."""
    import cv2

    smooth = cv2.resize(to_lab(tile), (size, size), interpolation=cv2.INTER_CUBIC)
    residual = extract_fine_detail(skin, float(np.median(smooth[..., 0])), is_head)
    lab: Floats = smooth + cv2.resize(residual, (size, size), interpolation=cv2.INTER_CUBIC)
    return lab


def find_seam_vertices(head: Surface, body: Surface) -> tuple[NDArray[Any], NDArray[Any]]:
    """(k,) head and (k,) body surface vertices of the base vertices that both surfaces have."""
    _, in_head, in_body = np.intersect1d(head.base, body.base, return_indices=True)
    return in_head, in_body


def _sample_smoothed(lab: Floats, uv: Floats) -> Floats:
    """(k,3) smoothed colours at tile coordinates (k,2)."""
    import cv2

    soft = cv2.GaussianBlur(lab, (0, 0), len(lab) / 128)
    texel = np.clip((uv * len(lab)).astype(int), 0, len(lab) - 1)
    colours: Floats = soft[texel[:, 1], texel[:, 0]]
    return colours


@lru_cache(maxsize=2)  # the seams of head and body: the same for everybody, 10 MB each
def _weigh_seam(uv: bytes, kind: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(128,128,k) weights of seam points in a coarse tile, (128,128,1) their sums, and (128,128,1) how far corrections reach.

    Args:
        uv: (k,2) of this kind of number.
    """
    points = np.frombuffer(uv, np.dtype(kind)).reshape(-1, 2)
    grid = (np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1) + 0.5) / 128
    squared = ((grid[:, :, None] - points[None, None]) ** 2).sum(-1)
    # The second term keeps the sum above 0 where every Gaussian underflows; there the nearest seam point decides.
    weights = np.exp(-squared / (2 * 0.012**2)) + 1e-12 / (squared + 1e-6)
    return weights, weights.sum(-1, keepdims=True), np.exp(-squared.min(-1) / SEAM_REACH**2)[..., None]


def _spread_correction(uv: Floats, change: NDArray[Any], size: int) -> Floats:
    """(size,size,3) the changes (k,3) of seam points (k,2), fading with the distance from them."""
    import cv2

    weights, total, fade = _weigh_seam(uv.tobytes(), uv.dtype.str)
    field = (weights @ change) / total
    spread: Floats = cv2.resize((field * fade).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return spread


def join_neck(head_lab: Floats, body_lab: Floats, head: Surface, body: Surface) -> tuple[Floats, Floats]:
    """Both tiles with equal colours along the neck: the body takes the head's median there, then each moves by half the difference."""
    in_head, in_body = find_seam_vertices(head, body)
    gap = _sample_smoothed(head_lab, head.uv[in_head]) - _sample_smoothed(body_lab, body.uv[in_body])
    body_lab = (body_lab + np.median(gap, 0)).astype(np.float32)
    # Measured again: what the shift by the median leaves is local and is shared by both tiles.
    gap = _sample_smoothed(head_lab, head.uv[in_head]) - _sample_smoothed(body_lab, body.uv[in_body])
    head_joined: Floats = head_lab - _spread_correction(head.uv[in_head], gap / 2, len(head_lab))
    body_joined: Floats = body_lab + _spread_correction(body.uv[in_body], gap / 2, len(body_lab))
    return head_joined, body_joined


def clean_margins(pixels: Pixels, coverage: Pixels) -> Pixels:
    """The tile with its margin filled from its edge."""
    import cv2

    mask = cv2.resize(coverage, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    filled: Pixels = fill_margins(pixels, mask)
    return filled
