"""What a spec's voice must be for: its language, its model, its rights. Told when the spec is read, before any work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding, SpecError
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.voice.default_voice import find_voices, resolve_voice
from stages.voice.stage import BACKENDS, find_voice_mismatches


def _check_language(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The voice that is named can speak the language, and has a use for the model."""
    if spec.voice.backend in BACKENDS.table:
        for field, finding in find_voice_mismatches(spec.voice, BACKENDS.get(spec.voice.backend), spec.persona.language):
            yield ("voice", field), finding


def _check_model_folder(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A model folder that is there holds a model."""
    if not spec.voice.model or not os.path.isdir(model := find_existing_form(folder / spec.voice.model)):
        return
    from stages.voice.coqui_folder import find_checkpoint

    try:
        find_checkpoint(model)
    except SpecError as error:
        yield from ((("voice", "model"), finding) for finding in error.findings)


def _check_sale_rights(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict the voice may be sold."""
    name = resolve_voice(spec)
    if not spec.rights.strict or name not in BACKENDS.table or any(_check_language(spec, folder)):
        return
    if reason := _find_restriction(spec, name):
        field = "model" if spec.voice.model else "backend"
        loc = ("voice", field) if getattr(spec.voice, field) else ("rights", "strict")
        yield loc, Finding("rights/strict", f"the {name} voice may not be sold, as rights.strict asks: {reason}", fix=_suggest_fix(spec))


def _find_restriction(spec: AvatarSpec, name: str) -> str:
    """Why what the spec's voice speaks may not be sold; empty where it may."""
    if spec.voice.model:
        from stages.voice.coqui_folder import USER_MODEL_NOTE

        return USER_MODEL_NOTE
    return BACKENDS.get(name).restriction


def _suggest_fix(spec: AvatarSpec) -> str:
    free = [voice.name for voice in find_voices(spec.persona.language) if not voice.restriction]
    if not free:
        return f"set rights.strict to false: no voice that speaks {spec.persona.language} may be sold"
    return f"set voice.backend to {free[0]}" + (" and leave voice.model out" if spec.voice.model else "")


_VOICE_FIELDS = ("persona.language", "voice.backend", "voice.model")
RULES = (
    CrossFieldRule(_VOICE_FIELDS, _check_language),
    CrossFieldRule(("voice.model",), _check_model_folder),
    CrossFieldRule(("rights.strict", "identity.gender", *_VOICE_FIELDS), _check_sale_rights),
)
