"""Portraits that a net makes of a text: the committed generator, with the text as its condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Image
from assets.errors import BackendError, Finding
from assets.formats.image import resize
from stages.nets.text_image import FOLDER_VARIABLE, TEXT_CONDITIONS, digest_encoder, embed_conditions, find_missing_encoder
from stages.nets.weights_io import load_net, to_images

TITLE = "portrait-textgan"
"""The generator in weights.json."""


def generate_portraits(text: str, seeds: Sequence[int], size: int) -> Iterator[Image]:
    """(size,size,3) a picture of the text for each seed, enlarged where the net makes smaller ones.

    Raises:
        BackendError: there are no weights of a generator or of a text encoder, or they are of another kind.
    """
    if not committed.has_weights(TITLE):
        message = f"there are no weights named {TITLE}"
        fix = "make them with `fenshen train textgan` and set FENSHEN_WEIGHTS to their folder, or use --from render"
        raise BackendError(Finding("portrait/no-net", message, fix=fix))
    if missing := find_missing_encoder():
        raise BackendError(Finding("portrait/no-encoder", missing))
    net = load_net(committed.locate_weights(TITLE), committed.read_sha256(TITLE))
    if net.conditions != TEXT_CONDITIONS:
        fix = "train them with `fenshen train textgan`"
        raise BackendError(Finding("weights/foreign", f"the weights {TITLE} take no text", fix=fix))
    if committed.read_entry(TITLE).get("encoder", "") != digest_encoder():
        fix = f"unset {FOLDER_VARIABLE}, or train the generator again"
        raise BackendError(Finding("portrait/other-encoder", f"{TITLE} was trained with another text-image encoder", fix=fix))
    conditions = embed_conditions([text])
    for seed in seeds:
        latent = np.random.default_rng(seed).standard_normal((1, net.shape.latent)).astype(np.float32)
        yield resize(Image(to_images(net.generate(latent, conditions))[0]), size)
