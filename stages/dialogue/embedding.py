"""The default backend: a question finds its line by meaning, with a sentence encoder of 118 M weights on one thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from assets.digest import sha256_file, sha256_json
from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.dialogue import e5
from stages.dialogue.backend import Candidate, Wording
from stages.dialogue.encoder import SentenceEncoder
from stages.dialogue.matcher import EmbeddingMatcher


class Embedding:
    """Multilingual e5-small, or the encoder of PersonaSpec.encoder."""

    name = "embedding"
    languages: tuple[str, ...] = ("en", "zh")
    takes_model = False

    def unavailable_reason(self) -> str:
        """Which package is missing; empty if none is."""
        return e5.unavailable_reason()

    def preload(self) -> None:
        """Loads the encoder: a second."""
        e5.load_e5()

    def weights(self) -> Mapping[str, str]:
        """The embedded encoder's; the stage's media digests cover the user's own."""
        return {e5.FILE: e5.read_digest()}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """The encoder, whose licence is unknown where it is the user's own."""
        if not options.encoder:
            return (e5.describe_source(),)
        path = Path(options.encoder)
        digest = sha256_json([sha256_file(part) for part in sorted(path.glob("*.safetensors"))])
        return (Source(path.name, "unknown", path.name, note="compares questions; it speaks no words", sha256=digest),)

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> Wording:
        """The author's sentence."""
        return Wording(fact)

    def make_matcher(self, candidates: Sequence[Candidate], options: PersonaSpec) -> EmbeddingMatcher:
        """The matcher of these candidates."""
        return EmbeddingMatcher(candidates, load_encoder(options.encoder), options.language)


def load_encoder(model: str | None = None) -> SentenceEncoder:
    """The embedded encoder, or a transformers model from a folder or by its id in the local cache.

    Raises:
        BackendError: the package is not installed, or the model cannot be loaded.
        SpecError: the model's folder has code of its own.
    """
    if not model:
        return e5.load_e5()
    from stages.dialogue.transformers_encoder import load_transformers_encoder

    return load_transformers_encoder(model)
