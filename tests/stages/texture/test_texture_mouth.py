"""What is painted along the base mesh: a throat darker than the lips, lips redder than the skin at every tone, lids of skin."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from assets.paths import get_baked_path
from stages.datasets.tones import tone_to_lab
from stages.texture.albedo import to_pixels
from stages.texture.face_map import SIDE, load_face_map
from stages.texture.mouth import paint_mouth_and_lids, wet_mouth

pytestmark = pytest.mark.skipif(not get_baked_path("adults.safetensors").exists(), reason="`fenshen bake` makes the body")
TONES = (0.0, 0.25, 0.5, 0.75, 1.0)


def make_skin(tone: float, noise: float = 0.0) -> NDArray[np.float32]:
    """(s,s,3) CIE Lab of plain skin."""
    skin = np.tile(tone_to_lab(tone), (SIDE, SIDE, 1)).astype(np.float32)
    return skin + noise * np.random.default_rng(0).standard_normal(skin.shape).astype(np.float32)


@pytest.mark.parametrize("tone", TONES)
def test_lips_are_redder_than_the_skin_and_never_grey(tone: float) -> None:
    face, skin = load_face_map(), make_skin(tone)
    skin[face.upper_lip + face.lower_lip > 0.5] = (skin[0, 0, 0], 2, 0)  # grey, as the generator's are in dark skin
    painted = paint_mouth_and_lids(skin)
    for mask in (face.upper_lip, face.lower_lip):
        light, a, b = np.median(painted[mask > 0.9], 0)
        assert np.hypot(a, b) > 9
        assert a > 1.2 * b
        assert light < tone_to_lab(tone)[0] + 8


@pytest.mark.parametrize("tone", TONES)
def test_the_throat_is_nearly_black_and_the_mouth_is_darker_than_the_lips(tone: float) -> None:
    face = load_face_map()
    painted = paint_mouth_and_lids(make_skin(tone))
    throat, lips = painted[face.mouth & (face.lip_depth > 0.02)], painted[face.lower_lip > 0.9]
    rgb = to_pixels(throat[None])[0]
    assert rgb.mean() < 25
    assert throat[:, 0].mean() < 0.4 * lips[:, 0].mean()


def test_the_inside_of_the_mouth_reflects_nothing_behind_the_teeth() -> None:
    face = load_face_map()
    rough, occlusion = wet_mouth(np.full((SIDE, SIDE), 0.64, np.float32), np.ones((SIDE, SIDE), np.float32))
    deep, near = face.mouth & (face.lip_depth > 0.02), face.mouth & (face.lip_depth < 0.002)
    assert rough[deep].min() > 0.85 > 0.5 > np.median(rough[near])
    assert occlusion[deep].max() < 0.4
    assert np.all(rough[~face.mouth & (cv2.dilate(face.mouth.astype(np.uint8), np.ones((5, 5))) == 0)] == np.float32(0.64))


def test_what_was_painted_on_a_lid_is_replaced_by_the_skin_around_it() -> None:
    """Eyeliner between crease and edge stretched over the closed lid, which then looked charred."""
    face, plain = load_face_map(), make_skin(0.3)
    lined = plain.copy()
    lined[face.upper_lid < 0.0045] = (15, 0, 0)
    painted = paint_mouth_and_lids(lined)
    lid = (face.upper_lid > 0.002) & (face.upper_lid < 0.004) & ~face.sockets & ~face.mouth
    assert np.abs(painted[lid][:, 0] - plain[lid][:, 0]).max() < 8


def test_skin_away_from_mouth_and_lids_stays_as_it_was() -> None:
    face, skin = load_face_map(), make_skin(0.4, noise=2.0)
    away = (np.minimum(face.upper_lid, face.lower_lid) > 0.012) & (face.upper_lip + face.lower_lip == 0) & ~face.mouth & ~face.sockets
    near = cv2.dilate((~away).astype(np.uint8), np.ones((25, 25))) > 0
    assert np.array_equal(paint_mouth_and_lids(skin)[~near], skin[~near])


def test_the_maps_of_the_face_are_symmetric() -> None:
    face = load_face_map()
    for lip in (face.upper_lip, face.lower_lip):
        assert np.abs(lip - lip[:, ::-1]).mean() < 0.002
        assert 0.001 < lip.mean() < 0.05
