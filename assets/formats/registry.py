"""FORMATS: every file format of a bundle, with the functions that write and read it. A new format is one file and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Format:
    """A file format by its suffix; both functions deal in bytes, and the caller owns the file."""

    media_type: str
    exporter: str
    """"module:function" that returns the bytes of a file."""
    loader: str
    """"module:function" of those bytes; it raises FormatError where they are something else."""

    def import_exporter(self) -> Callable[..., bytes]:
        """The function that writes the format."""
        exporter: Callable[..., bytes] = _import_function(self.exporter)
        return exporter

    def import_loader(self) -> Callable[[bytes], Any]:
        """The function that reads the format."""
        loader: Callable[[bytes], Any] = _import_function(self.loader)
        return loader


FORMATS: dict[str, Format] = {
    "bvh": Format("text/plain", "assets.formats.bvh:export_bvh", "assets.formats.bvh:load_bvh"),
    "glb": Format("model/gltf-binary", "assets.formats.gltf:export_gltf", "assets.formats.glb:unpack_glb"),
    "jpg": Format("image/jpeg", "assets.formats.image:encode_jpeg", "assets.formats.image:decode_image"),
    "png": Format("image/png", "assets.formats.image:encode_png", "assets.formats.image:decode_image"),
    "vrm": Format("model/vrm", "assets.formats.vrm:export_vrm", "assets.formats.glb:unpack_glb"),
    "vrma": Format("model/vrma", "assets.formats.vrm:export_vrma", "assets.formats.glb:unpack_glb"),
    "wav": Format("audio/wav", "assets.formats.wav:export_wav", "assets.formats.wav:load_wav"),
    "webp": Format("image/webp", "assets.formats.image:encode_webp", "assets.formats.image:decode_image"),
}
"""Suffix without its dot -> format."""


def get_media_type(path: str) -> str:
    """Media type of a file of a bundle by its suffix, one of FORMATS."""
    return FORMATS[PurePosixPath(path).suffix.removeprefix(".")].media_type


def _import_function(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)
