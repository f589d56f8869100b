"""Which dialogue backend a persona gets when the spec names none."""

from __future__ import annotations

from assets.spec.avatar import AvatarSpec

DEFAULT_BACKENDS = {"en": "embedding", "zh": "embedding"}
"""persona.language -> backend.

Written by hand on purpose: a new backend must not change the dialogue of an existing spec.
"""


def choose_backend(language: str) -> str:
    """Backend name for a language (en, zh)."""
    return DEFAULT_BACKENDS[language]


def resolve_backend(spec: AvatarSpec) -> str:
    """Backend name of the spec's persona: the one it names, else the one that it asks to tune, else the default."""
    persona = spec.persona
    return persona.backend or ("transformers" if persona.tune and persona.language == "en" else choose_backend(persona.language))
