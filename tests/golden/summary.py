"""An artefact as a short table of numbers and texts, in which a change anywhere in its arrays shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from assets.artefact import Artefact
from assets.bundle import BundleFile, Package
from assets.digest import sha256_json
from assets.formats.image import decode_image
from assets.formats.wav import load_wav
from stages.verify.bundle_view import Glb

Summary = dict[str, list[float] | str]
"""Path in the artefact -> the number of values, their summary; or the digest of texts."""
PROSE = ("sources", "warnings", "message", "voice", "engine")
"""Fields of sentences for people and of names of models: they describe a result and do not change it."""
_PARTS, _SAMPLES = 24, 8


def summarise(artefact: Artefact) -> Summary:
    """The table of an artefact; equal artefacts have equal tables, and those of other machines differ in the last digits."""
    if isinstance(artefact, Package):
        return _merge((file.path, _summarise_file(file)) for file in artefact.files if not file.path.endswith(".md"))
    return _summarise_value(artefact)


def _summarise_value(value: Any) -> Summary:
    if isinstance(value, np.ndarray):
        return {"": _summarise_numbers(value)}
    if isinstance(value, bool | int | float | np.generic):
        return {"": _summarise_numbers(np.array([value]))}
    if isinstance(value, str) or value is None:
        return {"": str(value)}
    if isinstance(value, bytes):
        return {"": _summarise_picture(value)}
    if is_dataclass(value):
        return _merge((field.name, _summarise_value(getattr(value, field.name))) for field in fields(value) if field.name not in PROSE)
    if isinstance(value, Mapping):
        return _merge((str(key), _summarise_value(value[key])) for key in sorted(value) if key not in PROSE)
    return _join([_summarise_raw(item) for item in value])


def _merge(items: Iterator[tuple[str, Summary]]) -> Summary:
    return {f"{name}.{path}".strip("."): leaf for name, table in items for path, leaf in table.items()}


def _summarise_raw(item: Any) -> dict[str, Any]:
    """Path -> array or text of one item of a sequence, not yet summarised: the items' values are joined first."""
    if is_dataclass(item):
        pairs = [(field.name, getattr(item, field.name)) for field in fields(item) if field.name not in PROSE]
    elif isinstance(item, Mapping):
        pairs = [(str(key), item[key]) for key in sorted(item) if key not in PROSE]
    elif isinstance(item, list | tuple):
        pairs = [("", inner) for inner in item]
    else:
        return {"": item}
    joined: dict[str, list[Any]] = {}
    for name, value in pairs:
        for path, leaf in _summarise_raw(value).items():
            joined.setdefault(f"{name}.{path}".strip("."), []).append(leaf)
    return {path: _concatenate(leaves) for path, leaves in joined.items()}


def _join(items: list[dict[str, Any]]) -> Summary:
    paths = dict.fromkeys(path for item in items for path in item)
    leaves = {path: _concatenate([item[path] for item in items if path in item]) for path in paths}
    return {f"[].{path}".strip("."): leaf if isinstance(leaf, str) else _summarise_leaf(path, leaf) for path, leaf in leaves.items()}


def _summarise_leaf(path: str, array: np.ndarray[Any, Any]) -> list[float]:
    return _summarise_envelope(array) if path.endswith("samples") else _summarise_numbers(array)


def _concatenate(leaves: list[Any]) -> Any:
    """Numbers as one array, texts as one digest; a sequence of both counts as texts."""
    if all(isinstance(leaf, np.ndarray | bool | int | float | np.generic) for leaf in leaves):
        return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.zeros(0)
    return sha256_json([str(leaf) for leaf in leaves])[:16]


def _summarise_numbers(array: np.ndarray[Any, Any]) -> list[float]:
    """The number of values, then all of a few; of many the means of 24 equal parts, 8 single values and, of floats, projections.

    A projection is the sum of a part's values with random signs over the root of their number: a change of one value in a part of n
    moves it by 1/sqrt(n), its mean by 1/n only. Not of integers: of masks and pixels rounding tips a few, by a whole step each.
    """
    values = np.asarray(array, np.float64).ravel()
    few = len(values) <= _PARTS + _SAMPLES
    projections = [] if few or array.dtype.kind != "f" else [_project(part) for part in np.array_split(values, _PARTS)]
    return [*_summarise_means(values), *_round(projections)]


def _summarise_means(values: np.ndarray[Any, Any]) -> list[float]:
    if len(values) <= _PARTS + _SAMPLES:
        return _round([len(values), *values])
    means = [part.mean() for part in np.array_split(values, _PARTS)]
    return _round([len(values), *means, *values[np.linspace(0, len(values) - 1, _SAMPLES).astype(int)]])


def _project(part: np.ndarray[Any, Any]) -> float:
    signs = np.random.default_rng(0).integers(0, 2, len(part)) * 2 - 1
    return float(signs @ part / np.sqrt(len(part)))


def _summarise_envelope(samples: np.ndarray[Any, Any]) -> list[float]:
    """Of sound: the mean amplitude of each part, without signs, since a sample that shifts must not change everything."""
    levels = [np.abs(part).mean() for part in np.array_split(samples.astype(np.float64), _PARTS)]
    return _round([len(samples), *levels])


def _round(values: list[Any]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _summarise_picture(data: bytes) -> list[float]:
    return _summarise_numbers(decode_image(data).pixels)


def _summarise_file(file: BundleFile) -> Summary:
    suffix = file.path.rpartition(".")[2]
    if suffix in ("glb", "vrm", "vrma"):
        return _summarise_glb(Glb.parse(file.path, file.data))
    if suffix == "wav":
        return {"": _summarise_envelope(load_wav(file.data)[0])}
    if suffix == "json":
        return _summarise_value(json.loads(file.data))
    return {"": _summarise_picture(file.data)}


def _summarise_glb(glb: Glb) -> Summary:
    accessors = [glb.read_accessor(index).ravel() for index in range(len(glb.json["accessors"]))]
    names = {key: [item.get("name") for item in glb.json.get(key, [])] for key in ("nodes", "meshes", "materials", "images", "animations")}
    # Without projections: rounding may tip how many keys a clip keeps, which moves all later values.
    return {"names": sha256_json(names)[:16], "accessors": _summarise_means(np.concatenate(accessors))}
