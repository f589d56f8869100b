"""Mouth, lips and lids on the head tile, painted along the base mesh.

The skins that the generator learned from show make-up, lashes and teeth of their own people, blurred and never quite in place; on a
closing lid they stretch into dark stripes. Engines without ambient occlusion would light the inside of a mouth like a cheek, so
its darkness is in its colour.
"""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats
from stages.texture.face_map import FaceMap, enlarge, extend, load_face_map
from stages.texture.tiles import locate_face_window

_DEPTHS_M = (0.0, 0.006, 0.014, 0.030)
_MOUTH = np.array([[38, 24, 14], [28, 24, 13], [10, 16, 8], [2, 4, 2]], np.float32)
"""CIE Lab at these distances behind the inner edge of the lips: mucous membrane, then less and less light."""
_MOUTH_ROUGHNESS = (0.40, 0.55, 0.95, 0.95)
"""Of wet membrane, then without highlights, which no engine hides behind the teeth."""
_MOUTH_LIGHT = (1.0, 0.7, 0.35, 0.1)
_LIP_SHARE_M = 0.006
"""The colour of the lips has faded at this depth."""
_SOCKET = np.array([[46, 24, 14], [24, 18, 10], [10, 8, 4]], np.float32)
_SOCKET_DEPTHS_M = (0.0, 0.003, 0.008)
"""CIE Lab inside the lids, at these distances from their edges."""
# Lips of people whose skin has this CIE L; upper lips are darker in dark skin.
_SKIN_L = (26.0, 38.0, 55.0, 75.0)
_UPPER_LIP = np.array([[24, 12, 6], [32, 15, 9], [45, 22, 13], [58, 24, 13]], np.float32)
_LOWER_LIP = np.array([[31, 17, 9], [38, 19, 10], [49, 23, 13], [61, 25, 13]], np.float32)
_LIP_SHARES = (0.85, 0.8, 0.6, 0.5)
"""How much of the lips' colour is replaced: the generator's are grey in dark skin."""
_LIP_BLUR, _FINE_CLIP = 1 / 170, 3.0
"""Size of detail, in tile widths, that stays as it is, and the most of it in CIE Lab: lines of the lips, not teeth between them."""
_LID_CLEAN_M = (0.0045, 0.0075), (0.0030, 0.0055)
"""Up to the first distance from the edge of the upper and lower lid, paint is replaced by skin, from the second on it stays."""
_FILL_SIGMAS = (0.006, 0.012, 0.03, 0.08)
"""Blurs that carry skin over the lids, in tile widths."""


def paint_mouth_and_lids(lab: Floats) -> Floats:
    """(s,s,3) CIE Lab of the head tile with mouth, lips and lids."""
    face = load_face_map()
    return _paint_mouth(_colour_lips(_clean_lids(lab, face), face), face)


def wet_mouth(rough: Floats, occlusion: Floats) -> tuple[Floats, Floats]:
    """(s,s) roughness and (s,s) occlusion of the head tile with the inside of the mouth: wet, and dark from the lips inwards."""
    face, size = load_face_map(), len(rough)
    mask = enlarge(face.mouth.astype(np.float32), size)
    deep = enlarge(extend(face.lip_depth, face.mouth), size)
    wet = rough + (np.interp(deep, _DEPTHS_M, _MOUTH_ROUGHNESS) - rough) * mask
    shaded = np.minimum(occlusion, np.interp(deep, _DEPTHS_M, _MOUTH_LIGHT))
    return wet.astype(np.float32), (occlusion + (shaded - occlusion) * mask).astype(np.float32)


def _measure_skin(lab: Floats) -> Floats:
    """(3,) the median colour of cheeks and forehead."""
    rows, columns = locate_face_window(len(lab))
    return np.asarray(np.median(lab[rows, columns].reshape(-1, 3), 0), np.float32)


def _interpolate(at: Floats | float, knots: tuple[float, ...], colours: Floats) -> Floats:
    """(...,3) colours (k,3) between the knots."""
    return np.stack([np.interp(at, knots, colours[:, k]) for k in range(3)], -1).astype(np.float32)


def _paint_mouth(lab: Floats, face: FaceMap) -> Floats:
    """The head tile with the inside of mouth and lids."""
    size, light = len(lab), float(_measure_skin(lab)[0])
    lips = (_interpolate(light, _SKIN_L, _UPPER_LIP) + _interpolate(light, _SKIN_L, _LOWER_LIP)) / 2
    inner = _interpolate(face.lip_depth, _DEPTHS_M, _MOUTH)
    inner += 0.5 * np.clip(1 - face.lip_depth / _LIP_SHARE_M, 0, 1)[..., None] * (lips - inner)
    lids = _interpolate(np.minimum(face.upper_lid, face.lower_lid), _SOCKET_DEPTHS_M, _SOCKET)
    found = lab
    for picture, mask in ((inner, face.mouth), (lids, face.sockets)):
        share = np.minimum(1, 2 * enlarge(mask.astype(np.float32), size))[..., None]
        found = found + (enlarge(extend(picture, mask), size) - found) * share
    return np.asarray(found, np.float32)


def _colour_lips(lab: Floats, face: FaceMap) -> Floats:
    """The head tile with the red of the lips that goes with its skin."""
    import cv2

    size, light = len(lab), float(_measure_skin(lab)[0])
    smooth = cv2.GaussianBlur(lab, (0, 0), _LIP_BLUR * size)
    fine = np.clip(lab - smooth, -_FINE_CLIP, _FINE_CLIP)
    share, found = float(np.interp(light, _SKIN_L, _LIP_SHARES)), lab
    for mask, colours in ((face.upper_lip, _UPPER_LIP), (face.lower_lip, _LOWER_LIP)):
        soft = cv2.GaussianBlur(enlarge(mask, size), (0, 0), size / 512)[..., None]
        target = smooth + share * (_interpolate(light, _SKIN_L, colours) - smooth) + fine
        found = found + (target - found) * soft
    return np.asarray(found, np.float32)


def _clean_lids(lab: Floats, face: FaceMap) -> Floats:
    """The head tile with lids of skin: what was painted there replaced, a little redder towards the edge, and a soft line of lashes."""
    size = len(lab)
    upper, lower = (enlarge(distance, size) for distance in (face.upper_lid, face.lower_lid))
    painted = np.zeros((size, size), np.float32)
    for distance, (full, none) in zip((upper, lower), _LID_CLEAN_M, strict=True):
        painted = np.maximum(painted, np.clip((none - distance) / (none - full), 0, 1))
    inner = enlarge((face.sockets | face.mouth).astype(np.float32), size)
    clean = _carry_skin(lab, np.maximum(painted, inner))
    edge = np.exp(-((np.minimum(upper, lower) / 0.0022) ** 2))[..., None] * np.array([-3.5, 4.0, 0.5], np.float32)
    lash = (np.exp(-((upper / 0.0008) ** 2)) * 0.30 + np.exp(-((lower / 0.0006) ** 2)) * 0.12)[..., None]
    corner = np.exp(-((enlarge(face.inner_corner, size) / 0.0028) ** 2))[..., None] * np.array([-2.0, 7.0, 1.0], np.float32)
    lids = (clean + edge + corner) * (1 - lash * np.array([1.0, 0.6, 0.6], np.float32))
    return np.asarray(lab + (lids - lab) * painted[..., None], np.float32)


def _carry_skin(lab: Floats, painted: Floats) -> Floats:
    """(s,s,3) the colour around what is painted (s,s), carried into it."""
    import cv2

    small = 256
    colour = cv2.resize(lab, (small, small), interpolation=cv2.INTER_AREA)
    weight = 1 - np.clip(4 * cv2.resize(painted, (small, small), interpolation=cv2.INTER_AREA), 0, 1)
    found, left = np.zeros_like(colour), np.ones((small, small, 1), np.float32)
    for sigma in _FILL_SIGMAS:
        total = cv2.GaussianBlur(colour * weight[..., None], (0, 0), sigma * small)
        share = cv2.GaussianBlur(weight, (0, 0), sigma * small)[..., None]
        reach = np.clip(share / 0.08, 0, 1) * left
        found += reach * total / np.maximum(share, 1e-4)
        left = left - reach
    found += left * _measure_skin(lab)
    return enlarge(found, len(lab))
