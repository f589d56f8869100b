"""A run on disk: one safetensors file, written whole or not at all, that brings a run back to the very same step. No pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.errors import Finding, FormatError
from stages.train.files import write_run_file
from stages.train.loop.family import TrainState
from stages.train.loop.lineage import Lineage

CHECKPOINT_SCHEMA = "fenshen/checkpoint@1"


def _collect_tensors(state: TrainState) -> tuple[dict[str, Any], dict[str, Any]]:
    """All tensors by path, and the optimisers' plain settings."""
    tensors: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for kind in ("nets", "averaged"):
        for name, net in getattr(state, kind).items():
            tensors |= {f"{kind}/{name}/{key}": value for key, value in net.state_dict().items()}
    for name, optimiser in state.optimisers.items():
        told = optimiser.state_dict()
        groups[name] = told["param_groups"]
        tensors |= {f"optimisers/{name}/{i}/{key}": value for i, kept in told["state"].items() for key, value in kept.items()}
    return tensors, groups


def save_checkpoint(state: TrainState, counters: dict[str, Any], file: Path, lineage: Lineage | None = None) -> None:
    """Writes the run with the loop's counters and what it belongs to.

    Raises:
        StoreError: the disk is full or refuses; what was there before stays whole.
    """
    from safetensors.torch import save as packed

    tensors, groups = _collect_tensors(state)
    told = {"schema": CHECKPOINT_SCHEMA, "shape": asdict(state.shape), "numbers": state.numbers, "step": state.step}
    told |= {"groups": groups, "counters": counters, "lineage": asdict(lineage) if lineage else None}
    clean = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    told["digest"] = _hash_tensors(clean)
    write_run_file(file, packed(clean, metadata={"fenshen": json.dumps(told)}))


def _hash_tensors(tensors: dict[str, Any]) -> str:
    """Of all numbers by name: a damaged one would train on without a word."""
    import torch

    found = hashlib.sha256()
    for key in sorted(tensors):
        found.update(key.encode())
        found.update(tensors[key].reshape(-1).view(torch.uint8).numpy())
    return found.hexdigest()


def read_checkpoint(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and what was told beside them; raises FormatError where the file is no checkpoint of ours."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as opened:
            told = json.loads((opened.metadata() or {}).get("fenshen", "{}"))
            if told.get("schema") != CHECKPOINT_SCHEMA:
                raise FormatError(Finding("train/checkpoint", f"{file} is no checkpoint of a training run", fix="give another --resume"))
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, ValueError) as error:
        finding = Finding("train/checkpoint", f"{file} cannot be read as a checkpoint: {error}", fix="remove it, or give another --resume")
        raise FormatError(finding) from error
    if told.get("digest", "") not in ("", _hash_tensors(tensors)):
        fix = "remove it, the one before is whole, or give another --resume"
        raise FormatError(Finding("train/checkpoint", f"{file} is damaged: its numbers are not those that were written", fix=fix))
    return tensors, told


def restore_checkpoint(state: TrainState, file: Path) -> dict[str, Any]:
    """Puts a saved run into a state of the same shape; returns the loop's counters.

    Raises:
        FormatError: the file is no checkpoint, or one of nets of another shape.
    """
    from stages.nets.weights_io import fill_shape_defaults

    tensors, told = read_checkpoint(file)
    if json.loads(json.dumps(asdict(state.shape))) != fill_shape_defaults(type(state.shape), told["shape"]):
        message = f"{file} belongs to nets of another shape: {told['shape']}"
        raise FormatError(Finding("train/other-run", message, fix="give another --out, or --resume never to begin anew"))
    for kind in ("nets", "averaged"):
        for name, net in getattr(state, kind).items():
            net.load_state_dict(_select_prefix(tensors, f"{kind}/{name}/"))
    for name, optimiser in state.optimisers.items():
        kept: dict[int, dict[str, Any]] = {}
        for key, value in _select_prefix(tensors, f"optimisers/{name}/").items():
            index, _, leaf = key.partition("/")
            kept.setdefault(int(index), {})[leaf] = value
        optimiser.load_state_dict({"state": kept, "param_groups": told["groups"][name]})
    state.numbers, state.step = dict(told["numbers"]), int(told["step"])
    counters: dict[str, Any] = told["counters"]
    return counters


def _select_prefix(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
