"""Rules for a spec's voice, checked when the spec is read: it must suit the language, the model folder and the rights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding, SpecError
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.voice.default_voice import choose_voice, find_voices, resolve_voice
from stages.voice.stage import BACKENDS, find_voice_mismatches


def _check_language(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The named voice speaks the language and can use the model folder."""
    if spec.voice.backend in BACKENDS.table:
        for field, finding in find_voice_mismatches(spec.voice, BACKENDS.get(spec.voice.backend), spec.persona.language):
            yield ("voice", field), finding


def _check_model_folder(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """An existing model folder contains a coqui model whose configuration names no address and no foreign code."""
    if not spec.voice.model or not os.path.isdir(model := find_existing_form(folder / spec.voice.model)):
        return
    from stages.voice.coqui_folder import check_model_folder

    try:
        check_model_folder(model)
    except SpecError as error:
        yield from ((("voice", "model"), finding) for finding in error.findings)


def _check_model_options(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A speaker and style tokens are of a model folder; no other voice has them."""
    for field in ("speaker", "style"):
        if getattr(spec.voice, field) and not spec.voice.model:
            message = f"voice.{field} is of a model folder, and voice.model is not given"
            yield ("voice", field), Finding(f"voice/{field}", message, fix=f"give voice.model, or remove voice.{field}")


def _check_lexicon(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """Every entry of the lexicon can be read, and no word has two."""
    from stages.voice.reading.lexicon import explain_bad_entry, find_entry_twice

    if twice := find_entry_twice(spec.voice.lexicon):
        message = f"the word {twice!r} has two readings, as capitals are the same here"
        yield ("voice", "lexicon", twice), Finding("voice/lexicon", message, fix="keep one of them")
    for word, reading in spec.voice.lexicon.items():
        if reason := explain_bad_entry(word, reading):
            fix = "write a respelling, IPA between slashes such as /kəˈfiː/, or pinyin with tone digits such as shan4"
            yield ("voice", "lexicon", word), Finding("voice/lexicon", reason, fix=fix)


def _check_sale_rights(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict, speech of the voice may be sold."""
    name = resolve_voice(spec)
    if not spec.rights.strict or name not in BACKENDS.table or any(_check_language(spec, folder)):
        return
    if reason := _find_restriction(spec, name):
        field = "model" if spec.voice.model else "backend"
        loc = ("voice", field) if getattr(spec.voice, field) else ("rights", "strict")
        yield (
            loc,
            Finding(
                "rights/strict", f"rights.strict is set, but speech of the {name} voice may not be sold: {reason}", fix=_suggest_fix(spec)
            ),
        )


def _find_restriction(spec: AvatarSpec, name: str) -> str:
    """Why speech of the spec's voice may not be sold; empty if it may."""
    if spec.voice.model:
        from stages.voice.coqui_folder import USER_MODEL_NOTE

        return USER_MODEL_NOTE
    return BACKENDS.get(name).restriction


def _suggest_fix(spec: AvatarSpec) -> str:
    sellable = [voice.name for voice in find_voices(spec.persona.language) if not voice.restriction]
    if not sellable:
        return f"set rights.strict to false: no voice that speaks {spec.persona.language} may be sold"
    default = choose_voice(spec.persona.language, spec.identity.gender, strict=True)
    name = default if default in sellable else sellable[0]
    return f"set voice.backend to {name}" + (" and remove voice.model" if spec.voice.model else "")


_VOICE_FIELDS = ("persona.language", "voice.backend", "voice.model")
RULES = (
    CrossFieldRule(_VOICE_FIELDS, _check_language),
    CrossFieldRule(("voice.model",), _check_model_folder),
    CrossFieldRule(("voice.model", "voice.speaker", "voice.style"), _check_model_options),
    CrossFieldRule(("voice.lexicon",), _check_lexicon),
    CrossFieldRule(("rights.strict", "identity.gender", *_VOICE_FIELDS), _check_sale_rights),
)
