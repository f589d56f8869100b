"""What is fuzzed: every reader of a stranger's bytes, with the strategy that changes its seeds.

A reader returns, or raises an error of assets/errors.py; everything else is a find.
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from assets.decoder_process import DecoderProcess
from assets.errors import FenshenError, FormatError
from assets.formats.bvh import load_bvh
from assets.formats.glb import unpack_glb
from assets.formats.image import decode_image, read_image_size
from assets.formats.wav import load_wav, parse_wav
from assets.spec.read import find_text_warnings, parse_spec
from assets.spec.value_checks import SpecConstraints
from tests.fuzz import mutations

CORPUS = Path(__file__).parent / "corpus"
_FILM_WARNING_FRAMES = 50


@dataclass(frozen=True)
class Reader:
    """A reader and how its files are changed."""

    name: str
    read: Callable[[bytes], object]
    mutate: Callable[[list[bytes]], st.SearchStrategy[bytes]]
    examples: int = 300
    """In the short pass of the test suite."""

    def list_files(self) -> list[Path]:
        """The corpus: seeds, and what was found and must never break a reader again."""
        return sorted(path for path in (CORPUS / self.name).iterdir() if path.is_file())

    def strategy(self) -> st.SearchStrategy[bytes]:
        """Changed files of the corpus."""
        return self.mutate([path.read_bytes() for path in self.list_files()])

    def check(self, data: bytes) -> bool:
        """Whether the bytes were read; False where one of our errors refused them, which must say something."""
        try:
            self.read(data)
        except FenshenError as error:
            refused = error
        else:
            return True
        assert refused.findings
        assert all(finding.code and finding.message for finding in refused.findings)
        return False


@cache
def _load_constraints() -> SpecConstraints:
    from flows.pipeline.spec_choices import collect_spec_choices

    return collect_spec_choices()


@cache
def _make_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="fenshen-fuzz-")
    atexit.register(folder.cleanup)
    return Path(folder.name).resolve()


def read_spec(data: bytes) -> None:
    """As `fenshen check` does, next to an empty folder."""
    parse_spec(data, "spec.yaml", folder=_make_folder(), constraints=_load_constraints())
    find_text_warnings(data)


def read_bvh(data: bytes) -> None:
    """The file alone: the joints and their movement are finite, so that the stages that follow can trust them."""
    import numpy as np

    film = load_bvh(data, "x.bvh")
    assert np.isfinite(film.rotations).all()
    assert np.isfinite(film.positions).all()
    assert len(film.times) == len(film.rotations) >= 1
    _transfer(film_bytes=data)


def _transfer(film_bytes: bytes) -> None:
    """And the clip of it, where the joints have known names."""
    from stages.motion.bvh import read_bvh_clip

    path = _make_folder() / "x.bvh"
    path.write_bytes(film_bytes)
    read_bvh_clip(path, "x")


def read_wav(data: bytes) -> None:
    """The samples as they are, and as floats."""
    parse_wav(data)
    load_wav(data)


def read_glb(data: bytes) -> None:
    """The container, and every accessor as the gates read it."""
    from stages.verify.bundle_view import Glb

    unpack_glb(data)
    glb = Glb.parse("x.glb", data)
    accessors = glb.json.get("accessors")
    for index in range(min(len(accessors), 200) if isinstance(accessors, list) else 0):
        try:
            glb.read_accessor(index)
        except FormatError:
            continue


def read_image(data: bytes) -> None:
    """What the decoder's process does with a picture."""
    read_image_size(data)
    pixels = decode_image(data).pixels
    assert pixels.ndim == 3
    assert pixels.shape[2] in (1, 3, 4)


@cache
def _open_film_decoder() -> DecoderProcess:
    from stages.motion.video_frames import open_film_decoder

    path = _make_folder() / "x.film"
    path.touch()
    decoder = open_film_decoder(path)
    atexit.register(decoder.close)
    return decoder


def read_film(data: bytes) -> None:
    """What is said of its header, and its frames as the decoder's process gives them; one process for many films."""
    from stages.motion.video_frames import _diagnose_unopened, explain_unreadable_start, stream_frames

    path = _make_folder() / "x.film"
    path.write_bytes(data)
    explain_unreadable_start(path)
    _diagnose_unopened(path)
    for _, pixels in itertools.islice(stream_frames(_open_film_decoder(), path, []), _FILM_WARNING_FRAMES):
        assert pixels.shape[2] == 3


READERS = {
    reader.name: reader
    for reader in (
        Reader("spec", read_spec, mutations.change_yaml, 40),
        Reader("bvh", read_bvh, mutations.change_words, 60),
        Reader("wav", read_wav, mutations.change_riff),
        Reader("glb", read_glb, mutations.change_glb, 100),
        Reader("image", read_image, mutations.change_image),
        Reader("film", read_film, mutations.change_bytes, 12),
    )
}


def find_reader(name: str) -> Reader:
    """The reader of that name, or of a "module:NAME" elsewhere; raises KeyError where there is none."""
    module, colon, attribute = name.partition(":")
    if not colon:
        return READERS[name]
    found: Reader = getattr(importlib.import_module(module), attribute)
    return found
