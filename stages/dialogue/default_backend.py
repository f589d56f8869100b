"""Which dialogue backend fits a language when the spec names none."""

from __future__ import annotations

from assets.spec.avatar import AvatarSpec


def choose_backend(language: str) -> str:
    """Backend name for a language (en, zh): the embedded model knows no Chinese."""
    return "overlap" if language.startswith("zh") else "transformers"


def resolve_backend(spec: AvatarSpec) -> str:
    """Backend name of the spec's persona: the one that it names, else the one that fits its language."""
    return spec.persona.backend or choose_backend(spec.persona.language)
