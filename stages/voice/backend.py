"""What a voice backend is: text of one sentence in, sound with phonemes on its clock out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assets.artefact import Artefact
from assets.artefacts.talk import Phoneme
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.stage import Backend

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Utterance(Artefact):
    """One stretch of sound: samples (n,) float32 mono, rate in Hz, and the phonemes that fill it end to end."""

    kind: ClassVar[str] = "utterance/1"
    samples: Samples
    rate: int
    phonemes: tuple[Phoneme, ...]
    exact: bool = True
    """True where the model told its own durations."""

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.rate


@runtime_checkable
class VoiceBackend(Backend, Protocol):
    """One way to speak."""

    languages: tuple[str, ...]
    """Language codes it can speak with its own voice."""
    gender: float
    """0 a woman's .. 1 a man's voice."""
    restriction: str
    """Why what its own voice speaks may not be sold; empty where it may."""

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """The sound of one clean sentence; the same arguments give the same samples."""

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """Who made the voice and under what terms."""
