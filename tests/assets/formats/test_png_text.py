"""Text in PNG files: read back as it was written, ignored by every reader of pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from assets.artefacts.geometry import Image
from assets.errors import FormatError
from assets.formats.image import decode_image, encode_png
from assets.formats.png_text import add_png_text, read_png_text

PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
TEXTS = {"Software": "fenshen 1", "fenshen": '{"of": "戴眼镜的老先生", "seed": 7}'}


def test_texts_are_read_back_and_the_picture_is_unchanged() -> None:
    png = add_png_text(encode_png(Image(PIXELS)), TEXTS)
    assert read_png_text(png) == TEXTS
    assert (decode_image(png).pixels == PIXELS).all()


def test_pillow_reads_them_too() -> None:
    png = add_png_text(encode_png(Image(PIXELS)), TEXTS)
    assert Picture.open(io.BytesIO(png)).text == TEXTS  # type: ignore[attr-defined]


def test_a_picture_without_texts_has_none() -> None:
    assert read_png_text(encode_png(Image(PIXELS))) == {}


def test_what_is_no_png_is_refused() -> None:
    with pytest.raises(FormatError, match="the data is not a PNG picture"):
        add_png_text(b"JFIF", TEXTS)
