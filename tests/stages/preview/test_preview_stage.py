"""The preview stage on a small whole character."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from assets.artefacts.character import Previews
from assets.codec import decode_artefact, encode_artefact
from assets.spec.packaging import PackageSpec
from stages.model.stage import run as run_model
from stages.preview.expressions import CELL, COLUMNS, EXPRESSIONS, render_expressions
from stages.preview.stage import STAGE, run
from stages.render.contact_sheet import CAPTION_HEIGHT
from stages.render.posing import build_standing_pose
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
    assert sizes == {"portrait.jpg": (640, 800), "full.jpg": (640, 960), "expressions.jpg": (1200, 532), "turntable.webp": (300, 480)}
    assert decode_artefact(encode_artefact(previews), Previews) == previews


def test_no_turntable_unless_requested() -> None:
    assert "turntable.webp" not in render(turntable=False).pictures


def test_every_expression_is_seen() -> None:
    """Every morph of the small character moves its front by three millimetres; its eyes are put there for this."""
    options = PackageSpec()
    model = run_model(small.body(), small.texture(), small.groom(), options=options, seed=1)
    heads = model.skeleton.heads.copy()
    for name, place in {"Neck": (0, 0.3, 0), "Head": (0, 0.4, 0), "LeftEye": (0.1, 0.7, 0.3), "RightEye": (-0.1, 0.7, 0.3)}.items():
        heads[model.skeleton.names.index(name)] = place
    skeleton = replace(model.skeleton, heads=heads)
    picture = render_expressions(replace(model, skeleton=skeleton), build_standing_pose(skeleton)).pixels.astype(np.int16)
    row = CELL + CAPTION_HEIGHT
    faces = {
        name: picture[i // COLUMNS * row : i // COLUMNS * row + CELL, i % COLUMNS * CELL : (i % COLUMNS + 1) * CELL]
        for i, name in enumerate(EXPRESSIONS)
    }
    changed = {name: int(np.abs(face - faces["rest"]).max()) for name, face in faces.items()}
    assert {name for name, difference in changed.items() if difference < 3} == {"rest"}
    # Two morphs of the blink, one of each viseme.
    assert changed["blink"] > changed["aa"] == changed["PP"]
