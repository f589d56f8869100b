"""Which voice fits a character when the spec names none."""

from __future__ import annotations


def choose(language: str, gender: float, model: str | None = None) -> str:
    """Backend name for a language (en, zh) and a gender (0 female .. 1 male): the voices are one man, two women.

    A model folder of the user's own is always coqui's.
    """
    if model:
        return "coqui"
    if language.startswith("zh"):
        return "mandarin"
    return "coqui" if gender >= 0.5 else "hibari"
