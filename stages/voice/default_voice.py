"""Which voice speaks for a character when the spec names none."""

from __future__ import annotations

from typing import Literal

from assets.spec.avatar import AvatarSpec
from stages.voice.backend import VoiceBackend
from stages.voice.stage import BACKENDS, MODEL_FOLDER_BACKEND

Gender = Literal["female", "male"]

DEFAULT_VOICES: dict[tuple[str, Gender, bool], str] = {
    ("en", "female", False): "hibari",
    ("en", "female", True): "hibari",
    ("en", "male", False): "hibari",
    ("en", "male", True): "hibari",
    ("zh", "female", False): "mandarin",
    ("zh", "female", True): "mandarin",
    ("zh", "male", False): "mandarin",
    ("zh", "male", True): "mandarin",
}
"""(persona.language, gender, rights.strict) -> backend.

Written by hand on purpose: a new backend must not change the voice of an existing spec. A voice that may be sold comes before one of
the right gender: hibari is a woman's voice, but the only man's voice for English (coqui's joe) may not be sold.
"""


def choose_voice(language: str, gender: float, model: str | None = None, *, strict: bool = False) -> str:
    """Backend name for a language (en, zh) and a gender (0 female .. 1 male).

    Args:
        model: the user's own coqui model folder.
        strict: rights.strict of the spec; `voice_rules` refuses the spec if the voice may not be sold.
    """
    return MODEL_FOLDER_BACKEND if model else DEFAULT_VOICES[language, classify_gender(gender), strict]


def classify_gender(gender: float) -> Gender:
    """The nearer of the two."""
    return "male" if gender >= 0.5 else "female"


def find_voices(language: str) -> list[VoiceBackend]:
    """Every voice that speaks the language, in the order of the registry."""
    return [voice for voice in map(BACKENDS.get, BACKENDS) if language in voice.languages]


def resolve_voice(spec: AvatarSpec) -> str:
    """Backend name of the spec's voice: the one it names, else the default."""
    return spec.voice.backend or choose_voice(spec.persona.language, spec.identity.gender, spec.voice.model, strict=spec.rights.strict)


def describe_gender_mismatch(spec: AvatarSpec) -> str:
    """One sentence if the default voice does not match the character's gender, else empty."""
    voice, gender = BACKENDS.get(resolve_voice(spec)), spec.identity.gender
    if spec.voice.backend or spec.voice.model or _matches(voice, gender):
        return ""
    return f"the {voice.name} voice is {_describe_owner(voice.gender)}, identity.gender is {gender:g}: {_describe_alternatives(spec)}"


def describe_voice_terms(spec: AvatarSpec) -> str:
    """One sentence on what a voice that may not be sold is good for, and which line of the spec changes it; empty for any other."""
    voice, language = BACKENDS.get(resolve_voice(spec)), spec.persona.language
    if spec.voice.model or not voice.restriction:
        return ""
    sellable = [other.name for other in find_voices(language) if not other.restriction]
    change = f"write `voice: {{backend: {sellable[0]}}}` in the spec" if sellable else "give voice.model a coqui model of your own"
    terms = f"{spec.name} speaks with the {voice.name} voice, fine for demos and research but not for sale"
    return f"{terms}: {change} for a voice you may sell"


def _matches(voice: VoiceBackend, gender: float) -> bool:
    return abs(voice.gender - gender) <= 0.5


def _describe_owner(gender: float) -> str:
    return "a man's" if classify_gender(gender) == "male" else "a woman's"


def _describe_alternatives(spec: AvatarSpec) -> str:
    language, whose = spec.persona.language, _describe_owner(spec.identity.gender)
    matching = [voice for voice in find_voices(language) if _matches(voice, spec.identity.gender)]
    if not matching:
        return f"no {whose.removeprefix('a ')} voice speaks {language}"
    if sellable := [voice for voice in matching if not voice.restriction]:
        return f"set voice.backend to {sellable[0].name} for {whose}"
    reason = f"no {whose.removeprefix('a ')} voice that speaks {language} may be sold"
    return reason if spec.rights.strict else f"{reason}; set voice.backend to {matching[0].name} for one that may not"
