"""New sentences of a bundle's own voice: sound, lips, face and words of each, as frames of the protocol."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from flows.live.protocol import encode_speech

if TYPE_CHECKING:
    from assets.artefacts.talk import SpokenLine
    from flows.live.bundle import LiveBundle
    from stages.voice.streaming import StreamingVoice


def open_bundle_voice(bundle: LiveBundle) -> StreamingVoice | None:
    """The voice that spoke the bundle's lines; None where it cannot speak here, as a user's own model folder may not."""
    from assets.errors import BackendError
    from stages.voice.stage import BACKENDS
    from stages.voice.streaming import open_voice

    if bundle.voice not in BACKENDS or bundle.has_own_voice_model:
        return None
    try:
        return open_voice(BACKENDS.get(bundle.voice), bundle.language, seed=bundle.seed)
    except BackendError:
        return None


def speak_frames(voice: StreamingVoice, text: str, answer: int, manner: str = "warm") -> Iterator[bytes]:
    """A frame for each sentence of the text, as soon as it is spoken, in the speaker's manner."""
    from stages.voice.delivery import choose_delivery

    for number, line in enumerate(voice.speak(text, choose_delivery("neutral", manner))):
        yield encode_line(line, answer, number, manner)


def encode_line(line: SpokenLine, answer: int, number: int, manner: str) -> bytes:
    """One sentence: 16-bit samples, then the face as bytes, 67 a frame at the header's `fps`."""
    from assets.artefacts.talk import SpokenLine
    from assets.conventions import MORPHS_67
    from assets.spec.behaviour import PerformanceSpec
    from stages.performance.lipsync import build_cues
    from stages.performance.manner import choose_manner
    from stages.performance.stage import FPS, animate_face

    assert isinstance(line, SpokenLine)
    rng = np.random.default_rng(zlib.crc32(line.text.encode()))
    times, visemes, weights = animate_face(line, "neutral", PerformanceSpec(), rng, choose_manner(manner))
    sound = np.round(np.clip(line.samples, -1, 1) * 32767).astype("<i2").tobytes()
    header: dict[str, Any] = {
        "type": "speech", "answer": answer, "number": number, "text": line.text, "rate": line.rate, "samples": len(line.samples),
        "fps": FPS, "frames": len(times), "morphs": list(MORPHS_67),
        "words": [{"start": round(w.start, 3), "end": round(w.end, 3), "text": w.text} for w in line.words],
        "cues": [
            {"start": round(c.start, 3), "end": round(c.end, 3), "viseme": c.viseme, "weight": round(c.weight, 3)}
            for c in build_cues(line, times.astype(np.float32), visemes).cues
        ],
    }  # fmt: skip
    return encode_speech(header, sound, np.round(weights * 255).astype(np.uint8).tobytes())
