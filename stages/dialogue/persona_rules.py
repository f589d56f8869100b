"""What a persona's backend must be for: its language, its tuning, its model, its rights. Told when the spec is read, before any work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.dialogue.causal import find_model_folder, report_missing_model
from stages.dialogue.default_backend import choose_backend
from stages.dialogue.stage import BACKENDS, find_unsupported_options


def _backend_supports_persona(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The backend that is named or picked can do what the persona asks."""
    name = spec.persona.backend or choose_backend(spec.persona.language)
    if name in BACKENDS.table:
        yield from ((("persona", field), finding) for field, finding in find_unsupported_options(spec.persona, BACKENDS.get(name)))


def _model_is_available(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A model that is named by its id is in the local cache."""
    model = spec.persona.model
    # A path that leads nowhere is told as such.
    is_folder = bool(model) and os.path.isdir(find_existing_form(folder / str(model)))
    if model and not model.startswith((".", "/")) and not is_folder and find_model_folder(model) is None:
        yield ("persona", "model"), report_missing_model(model)


def _wording_is_sellable(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict no model of the user's own words the facts."""
    persona = spec.persona
    if spec.rights.strict and persona.model and persona.backend in BACKENDS.table and BACKENDS.get(persona.backend).takes_model:
        from stages.dialogue.writer import WORDING_NOTE

        message = f"what a model of your own says may not be sold, as rights.strict asks: {WORDING_NOTE}"
        yield ("persona", "model"), Finding("rights/strict", message, fix="leave persona.backend and persona.model out")


_BACKEND_FIELDS = ("persona.language", "persona.backend", "persona.model")
RULES = (
    CrossFieldRule((*_BACKEND_FIELDS, "persona.tune"), _backend_supports_persona),
    CrossFieldRule(("persona.model",), _model_is_available),
    CrossFieldRule(("rights.strict", *_BACKEND_FIELDS), _wording_is_sellable),
)
