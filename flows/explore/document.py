"""The person on the page as a spec: dotted fields laid over the spec that it began with, checked as any spec is, and written as a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from assets.errors import Finding, SpecError, StoreError
from assets.portable_names import explain_unportable_name
from assets.spec.avatar import AvatarSpec
from assets.spec.read import SpecFile, parse_spec
from assets.store import write_atomic
from flows.pipeline.media import resolve_media_paths
from flows.pipeline.spec_choices import collect_spec_choices
from stages.identity.people import fill_traits

Fields = Mapping[str, Any]
"""Dotted name -> value, such as {"identity.axes.lips": 0.4}."""
_OPEN_SECTIONS = ("identity.", "body.", "groom.")
_OPEN_FIELDS = (
    "seed", "name", "texture.freckles", "texture.wrinkles", "persona.manner", "voice.rate", "performance.energy", "performance.expression",
)  # fmt: skip
"""What the page, or a text on it, may set: the only files are specs to mix in, and pictures of prints, in the spec's folder."""
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Document:
    """The spec that exploring began with."""

    folder: Path
    """Files are relative to it, and written into it."""
    base: Mapping[str, Any] = field(default_factory=lambda: {"name": "Somebody"})
    """Its plain values."""

    @classmethod
    def from_file(cls, file: SpecFile) -> Document:
        """The document of a spec file, which has been read without errors."""
        return cls(file.path.resolve().parent, yaml.safe_load(file.text))

    def lay_over(self, fields: Fields) -> dict[str, Any]:
        """Plain values of the spec with these fields; None removes one. Raises SpecError for fields that the page may not set."""
        values: dict[str, Any] = deepcopy(dict(self.base))
        for name, value in fields.items():
            if not may_set(name):
                raise SpecError(Finding("explore/field", f"{name} is not a field of the page", fix="edit the spec file instead"))
            *path, last = name.split(".")
            holder = values
            for part in path:
                holder = holder.setdefault(part, {}) if isinstance(holder.get(part, {}), dict) else {}
            if value is None:
                holder.pop(last, None)
            else:
                holder[last] = value
        return values

    def resolve(self, fields: Fields) -> AvatarSpec:
        """The spec with these fields, filled by its people and with absolute paths; raises SpecError with all that is wrong."""
        spec = self.parse(self.lay_over(fields))
        spec = fill_traits(spec, self.folder)
        return spec.model_copy(update={"identity": resolve_media_paths(spec.identity, self.folder)})

    def parse(self, values: Mapping[str, Any]) -> AvatarSpec:
        """The spec of plain values."""
        data = json.dumps(values, ensure_ascii=False).encode()
        return parse_spec(data, "page", folder=self.folder, constraints=collect_spec_choices())

    def write(self, fields: Fields, name: str, *, overwrite: bool = False) -> Path:
        """Writes the spec as a file of that name into the folder, whole or not at all.

        Raises:
            SpecError: the spec is wrong, or the name is no plain file name that ends with .yaml.
            StoreError: there is a file of that name and `overwrite` is false, or the folder cannot be written.
        """
        values = self.lay_over(fields)
        self.parse(values)
        path = self.folder / check_file_name(name)
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
        if overwrite:
            write_atomic(path, text.encode())
        else:
            _write_new(path, text.encode())
        return path


def may_set(name: str) -> bool:
    """Whether the page may set the field of that dotted name."""
    return name in _OPEN_FIELDS or name.startswith(_OPEN_SECTIONS)


def check_file_name(name: str) -> str:
    """The name, where it is a plain one; raises SpecError otherwise."""
    if Path(name).name != name or "\\" in name or name.startswith(".") or not name.lower().endswith(_SUFFIXES):
        raise SpecError(Finding("explore/name", f"{name!r} is not the name of a spec file", fix="write a name such as ada.yaml"))
    if reason := explain_unportable_name(name):
        raise SpecError(Finding("explore/name", f"{name} {reason}", fix="choose another name"))
    return name


def _write_new(path: Path, data: bytes) -> None:
    """Writes a file that does not exist yet; a link to a finished file is made in one step, and fails where the name is taken."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".explore-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.link(temporary, path)
    except FileExistsError as error:
        raise StoreError(Finding("explore/exists", f"{path.name} already exists", fix="choose another name, or overwrite it")) from error
    except OSError as error:
        raise StoreError(
            Finding("explore/write", f"{path.name} cannot be written: {error.strerror}", fix="choose another folder")
        ) from error
    finally:
        os.unlink(temporary)


def list_neighbours(spec: AvatarSpec, fields: Fields, salt: int, count: int) -> list[dict[str, Any]]:
    """Fields of people near this one: with a stranger's latent mixed in; of a child, its siblings."""
    seed = spec.seed if spec.identity.seed is None else spec.identity.seed
    strangers = [(seed + 7919 * (salt * count + k + 1)) % 2**32 for k in range(count)]
    if spec.identity.child_of:
        return [{**fields, "seed": stranger, "identity.seed": None} for stranger in strangers]
    people = [_describe_person(person) for person in spec.identity.mix if person.share is None]
    if spec.identity.mix and not people:
        (single,) = spec.identity.mix
        share = single.share or 0.0
        people = [{"seed": seed, "weight": _to_weight(1 - share)}, {"seed": single.seed, "weight": _to_weight(share)}]
    people = (people or [{"seed": seed, "weight": 1.0}])[:_MOST_PEOPLE]
    weight = _to_weight(_STRANGER * sum(person["weight"] for person in people))
    return [{**fields, "identity.mix": [*people, {"seed": stranger, "weight": weight}]} for stranger in strangers]


_MOST_PEOPLE, _STRANGER = 12, 0.5
"""People of a mixture that are kept, and a stranger's weight to all of theirs."""


def _to_weight(value: float) -> float:
    return round(min(max(value, 0.01), 100.0), 3)


def _describe_person(person: Any) -> dict[str, Any]:
    given = {name: getattr(person, name) for name in ("seed", "spec", "preset") if getattr(person, name) is not None}
    return {**given, "weight": person.weight}
