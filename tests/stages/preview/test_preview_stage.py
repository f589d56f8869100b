"""The preview stage on a small whole character."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from assets.artefacts.character import Previews
from assets.codec import decode_artefact, encode_artefact
from assets.spec.packaging import PackageSpec
from stages.model.stage import run as run_model
from stages.preview.stage import STAGE, run
from tests.stages import small_character as small

pytestmark = pytest.mark.slow


def render(*, turntable: bool) -> Previews:
    options = PackageSpec(turntable=turntable)
    return run(run_model(small.body(), small.texture(), small.groom(), options=options, seed=1), small.motion(), options=options, seed=1)


def test_the_pictures_depend_on_model_and_motion_only() -> None:
    assert STAGE.takes == ("model", "motion")


def test_portrait_full_and_turntable_have_their_documented_sizes() -> None:
    previews = render(turntable=True)
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in previews.pictures.items()}
    assert sizes == {"portrait.jpg": (640, 800), "full.jpg": (640, 960), "turntable.webp": (300, 480)}
    assert decode_artefact(encode_artefact(previews), Previews) == previews


def test_no_turntable_unless_requested() -> None:
    assert "turntable.webp" not in render(turntable=False).pictures
