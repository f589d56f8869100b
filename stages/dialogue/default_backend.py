"""Which dialogue backend a persona gets when the spec names none."""

from __future__ import annotations


def choose_backend(language: str) -> str:
    """Backend name for a language (en, zh): the embedded model knows no Chinese."""
    return "overlap" if language.startswith("zh") else "transformers"
