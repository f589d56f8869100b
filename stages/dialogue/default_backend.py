"""Which dialogue backend a persona gets when the spec names none."""

from __future__ import annotations

from assets.spec.avatar import AvatarSpec

DEFAULT_BACKENDS = {"en": "transformers", "zh": "overlap"}
"""persona.language -> backend.

Written by hand on purpose: a new backend must not change the dialogue of an existing spec. The embedded model of `transformers`
knows no Chinese.
"""


def choose_backend(language: str) -> str:
    """Backend name for a language (en, zh)."""
    return DEFAULT_BACKENDS[language]


def resolve_backend(spec: AvatarSpec) -> str:
    """Backend name of the spec's persona: the one it names, else the default."""
    return spec.persona.backend or choose_backend(spec.persona.language)
