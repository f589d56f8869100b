"""The preview stage on a small whole character."""

from __future__ import annotations

import io

from PIL import Image

from assets.artefacts.character import Previews
from assets.codec import decode_artefact, encode_artefact
from assets.spec.packaging import PackageSpec
from stages.model.stage import run as model
from stages.preview.stage import STAGE, run
from tests.stages import small_character as small


def taken(turntable: bool) -> Previews:
    options = PackageSpec(turntable=turntable)
    return run(model(small.body(), small.texture(), small.groom(), options=options, seed=1), small.motion(), options=options, seed=1)


def test_the_pictures_depend_on_looks_and_motion_alone() -> None:
    assert STAGE.takes == ("model", "motion")


def test_portrait_full_and_turntable_are_pictures_of_the_size_promised() -> None:
    previews = taken(True)
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in previews.pictures.items()}
    assert sizes == {"portrait.jpg": (640, 800), "full.jpg": (640, 960), "turntable.webp": (300, 480)}
    assert decode_artefact(encode_artefact(previews), Previews) == previews


def test_no_turntable_where_none_is_asked_for() -> None:
    assert "turntable.webp" not in taken(False).pictures
