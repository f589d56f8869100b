"""Which voice fits a character when the spec names none."""

from __future__ import annotations

from assets.spec.avatar import AvatarSpec
from stages.voice.backend import VoiceBackend
from stages.voice.stage import BACKENDS


def choose_voice(language: str, gender: float, model: str | None = None, *, strict: bool = False) -> str:
    """Backend name for a language (en, zh) and a gender (0 female .. 1 male): the voices are one man, two women.

    A model folder of the user's own is always coqui's.

    Args:
        strict: only a voice that may be sold, where one speaks the language; where none does, `rules` refuses the spec.
    """
    if model:
        return "coqui"
    able = find_voices(language)
    cleared = [voice for voice in able if not (strict and voice.restriction)]
    return min(cleared or able, key=lambda voice: abs(voice.gender - gender)).name


def find_voices(language: str) -> list[VoiceBackend]:
    """Every voice that speaks the language, a man's before a woman's."""
    return [voice for voice in map(BACKENDS.get, BACKENDS) if language in voice.languages]


def resolve_voice(spec: AvatarSpec) -> str:
    """Backend name of the spec's voice: the one that it names, else the one that fits."""
    return spec.voice.backend or choose_voice(spec.persona.language, spec.identity.gender, spec.voice.model, strict=spec.rights.strict)


def describe_gender_mismatch(spec: AvatarSpec) -> str:
    """One sentence where the voice that was picked is not of the character's gender, else empty."""
    voice, gender = BACKENDS.get(resolve_voice(spec)), spec.identity.gender
    if spec.voice.backend or spec.voice.model or abs(voice.gender - gender) <= 0.5:
        return ""
    whose, sold = "a man's" if voice.gender else "a woman's", " and may be sold" if spec.rights.strict else ""
    return f"the {voice.name} voice is {whose}, identity.gender is {gender:g}: no other voice speaks {spec.persona.language}{sold}"
