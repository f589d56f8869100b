"""Mean and variance of a coqui model's spectrograms: a pickle, which coqui-tts would run whatever it says.

`audio.stats_path` of config.json names it, or that of a speaker encoder's own configuration.
"""

from __future__ import annotations

import io
import pickle
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from assets.temporary_folder import open_temporary_folder

MAX_STATS_BYTES = 10_000_000
"""Four vectors of a spectrogram's height and the settings of the training have about 20 KB."""
_ALLOWED = frozenset({
    ("numpy", "ndarray"), ("numpy", "dtype"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
})  # fmt: skip
"""What the pickle of a dictionary of arrays needs; everything else would be imported and may be called."""


def close_stats_pickles() -> None:
    """Makes coqui-tts read statistics from a copy that holds arrays and plain values only."""
    from TTS.utils.audio.processor import AudioProcessor

    original = AudioProcessor.load_stats
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def load_stats(self: Any, stats_path: str) -> Any:
        stats = read_stats(Path(stats_path))
        with open_temporary_folder() as folder:
            copy = folder / "stats.npy"
            np.save(copy, np.array(stats, dtype=object), allow_pickle=True)
            return original(self, str(copy))

    AudioProcessor.load_stats = load_stats


def read_stats(file: Path) -> dict[str, Any]:
    """The statistics in a .npy file.

    Raises:
        ValueError: it is not a dictionary of arrays and plain values, or names code; the text is a sentence.
    """
    try:
        with file.open("rb") as stream:
            data = io.BytesIO(stream.read(MAX_STATS_BYTES))
        _skip_header(data)
        # A pickle that is cut off at the limit ends too early, which is an error as well.
        stats = _ArrayUnpickler(data).load()
        stats = stats.item() if isinstance(stats, np.ndarray) else stats
    # A pickle is a program: a broken one fails in any way.
    except Exception as error:
        raise ValueError(f"the statistics {file.name} cannot be read: {error}") from error
    if not isinstance(stats, dict):
        raise ValueError(f"the statistics {file.name} cannot be read: they are no dictionary of arrays")
    return stats


def _skip_header(stream: io.BytesIO) -> None:
    """Moves behind the header of a .npy file of one object."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if shape or not dtype.hasobject:
        raise ValueError("they are no dictionary of arrays")


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays and plain values; imports nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise ValueError(f"they name {module}.{name}, which is never imported")
        return super().find_class(module, name)
