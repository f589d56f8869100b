"""What a persona's backend must be for: its language, its tuning, its model, its rights. Told when the spec is read, before any work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import Problem, Rule
from stages.dialogue.causal import absent, folder_of
from stages.dialogue.default_backend import choose
from stages.dialogue.stage import BACKENDS, misfits


def _can(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The backend that is named or picked can do what the persona asks."""
    name = spec.persona.backend or choose(spec.persona.language)
    if name in BACKENDS.table:
        yield from ((("persona", field), finding) for field, finding in misfits(spec.persona, BACKENDS.get(name)))


def _is_here(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A model that is named by its id is in the local cache."""
    model = spec.persona.model
    # A path that leads nowhere is told as such.
    if model and not model.startswith((".", "/")) and not os.path.isdir(folder / model) and folder_of(model) is None:
        yield ("persona", "model"), absent(model)


def _may_be_sold(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict no model of the user's own words the facts."""
    persona = spec.persona
    if spec.rights.strict and persona.model and persona.backend in BACKENDS.table and BACKENDS.get(persona.backend).takes_model:
        from stages.dialogue.writer import OWN

        message = f"what a model of your own says may not be sold, as rights.strict asks: {OWN}"
        yield ("persona", "model"), Finding("rights/strict", message, fix="leave persona.backend and persona.model out")


_PERSONA = ("persona.language", "persona.backend", "persona.model")
RULES = (
    Rule((*_PERSONA, "persona.tune"), _can),
    Rule(("persona.model",), _is_here),
    Rule(("rights.strict", *_PERSONA), _may_be_sold),
)
