"""Voice activity in a stream: the Silero network (MIT, in the package faster-whisper), 32 ms at a time.

faster-whisper runs the network over a finished recording; here the state of its recurrent layer is kept between chunks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stages.voice.backend import Samples
from stages.voice.onnx_outputs import open_session
from stages.voice.package_files import find_package_file

if TYPE_CHECKING:
    import onnxruntime as ort

RATE = 16_000
CHUNK = 512
"""Samples of a chunk, 32 ms: the only length that the network was trained on at this rate."""
CHUNK_S = CHUNK / RATE
_CONTEXT = 64
"""Samples of the chunk before that the network gets as well."""


class VoiceActivity:
    """Probability of speech for each chunk of one stream; one object for each stream, used by one thread at a time."""

    def __init__(self) -> None:
        self._state = (np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32))
        self._context = np.zeros(_CONTEXT, np.float32)

    def measure(self, chunk: Samples) -> float:
        """Probability 0..1 that the next CHUNK samples, -1..1, hold speech."""
        padded = np.concatenate([self._context, chunk])[None]
        feed = {"input": padded, "h": self._state[0], "c": self._state[1]}
        probability, h, c = _load_session().run(None, feed)
        self._state, self._context = (h, c), chunk[-_CONTEXT:].copy()
        return float(np.ravel(probability)[0])


@lru_cache(maxsize=1)  # one network of 1.2 MB, without a state of its own
def _load_session() -> ort.InferenceSession:
    return open_session(find_package_file("faster_whisper", "assets", "silero_vad_v6.onnx").read_bytes())
