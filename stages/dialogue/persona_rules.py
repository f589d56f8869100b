"""Rules for a persona, checked when the spec is read: its backend must suit the language, the tuning, the model and the rights,
and its documents must be readable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding, FormatError
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import KnowledgeSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.dialogue.causal import find_custom_code, find_model_folder, report_missing_model
from stages.dialogue.default_backend import resolve_backend
from stages.dialogue.endpoint import is_address
from stages.dialogue.knowledge.read import read_knowledge, read_passages, relocate
from stages.dialogue.stage import BACKENDS, find_address_problems, find_unsupported_options


def _check_backend(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The named or default backend supports the persona's options."""
    name = resolve_backend(spec)
    if name in BACKENDS.table:
        yield from ((("persona", field), finding) for field, finding in find_unsupported_options(spec.persona, BACKENDS.get(name)))


def _check_model(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A model given by its id is in the local cache, or its address can be used; none brings code of its own."""
    model = spec.persona.model
    yield from ((("persona", field), finding) for field, finding in find_address_problems(spec.persona))
    if model and is_address(model):
        return
    found = find_model_folder(str(find_existing_form(folder / model))) or find_model_folder(model) if model else None
    if found and (finding := find_custom_code(found)):
        yield ("persona", "model"), finding
    # A missing path is reported by the check of folders in the spec.
    is_folder = bool(model) and os.path.isdir(find_existing_form(folder / str(model)))
    if model and not model.startswith((".", "/")) and not is_folder and find_model_folder(model) is None:
        yield ("persona", "model"), report_missing_model(model)


def _check_sale_rights(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict, the facts are not reworded by the user's own model."""
    persona = spec.persona
    if spec.rights.strict and persona.model and persona.backend in BACKENDS.table and BACKENDS.get(persona.backend).takes_model:
        from stages.dialogue.writer import WORDING_NOTE

        message = f"rights.strict is set, but wording by your own model may not be sold: {WORDING_NOTE}"
        yield ("persona", "model"), Finding("rights/strict", message, fix="remove persona.backend and persona.model")


def _check_knowledge(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """Every document can be read and spoken, and together they have no more passages than are spoken."""
    persona, read = spec.persona, list[KnowledgeSpec]()
    for number, document in enumerate(persona.knowledge):
        path = find_existing_form(folder / document.file)
        if not path.is_file():  # its own finding; a pipe would be waited for for ever
            continue
        try:
            read_passages(path, persona.language)
        except FormatError as error:
            yield ("persona", "knowledge", number, "file"), relocate(error, f"persona.knowledge.{number}.file")
        else:
            read.append(document.model_copy(update={"file": str(path)}))
    try:
        read_knowledge(read, persona.language, persona.max_passages)
    except FormatError as error:
        yield ("persona", "knowledge"), relocate(error, "persona.knowledge")


_BACKEND_FIELDS = ("persona.language", "persona.backend", "persona.model")
RULES = (
    CrossFieldRule((*_BACKEND_FIELDS, "persona.tune"), _check_backend),
    CrossFieldRule(("persona.model", "persona.model_name", "persona.key_variable"), _check_model),
    CrossFieldRule(("persona.knowledge", "persona.language", "persona.max_passages"), _check_knowledge),
    CrossFieldRule(("rights.strict", *_BACKEND_FIELDS), _check_sale_rights),
)
