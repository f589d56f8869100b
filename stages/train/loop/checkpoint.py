"""A run on disk: one safetensors file, written atomically, from which training resumes at the same step. No pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.errors import Finding, FormatError
from assets.strict_json import parse_json
from stages.train.files import write_run_file
from stages.train.loop.family import TrainState
from stages.train.loop.lineage import Lineage

CHECKPOINT_SCHEMA = "fenshen/checkpoint@1"
NET_KINDS = ("nets", "averaged")
"""Attributes of TrainState that hold nets, and prefixes of their tensors' keys."""


def save_checkpoint(state: TrainState, counters: dict[str, Any], file: Path, lineage: Lineage | None = None) -> None:
    """Writes the run, the loop's counters and the lineage.

    Raises:
        StoreError: the disk is full or refuses; the file's previous content stays intact.
    """
    from safetensors.torch import save

    tensors, groups = _collect_tensors(state)
    tensors = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    header = {"schema": CHECKPOINT_SCHEMA, "shape": asdict(state.shape), "numbers": state.numbers, "step": state.step}
    header |= {"groups": groups, "counters": counters, "lineage": asdict(lineage) if lineage else None}
    header["digest"] = _hash_tensors(tensors)
    write_run_file(file, save(tensors, metadata={"fenshen": json.dumps(header)}))


def _collect_tensors(state: TrainState) -> tuple[dict[str, Any], dict[str, Any]]:
    """All tensors by path, and the settings of the optimisers."""
    tensors: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for kind in NET_KINDS:
        for name, net in getattr(state, kind).items():
            tensors |= {f"{kind}/{name}/{key}": value for key, value in net.state_dict().items()}
    for name, optimiser in state.optimisers.items():
        saved = optimiser.state_dict()
        groups[name] = saved["param_groups"]
        tensors |= {f"optimisers/{name}/{i}/{key}": value for i, moments in saved["state"].items() for key, value in moments.items()}
    return tensors, groups


def _hash_tensors(tensors: dict[str, Any]) -> str:
    """Of all tensors by name: without it, training would silently continue from a damaged one."""
    import torch

    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(tensors[key].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def read_checkpoint(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and header; raises FormatError if the file is not a checkpoint or is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as opened:
            header = parse_json((opened.metadata() or {}).get("fenshen", "{}"))
            if header.get("schema") != CHECKPOINT_SCHEMA:
                fix = "choose another --resume"
                raise FormatError(Finding("train/checkpoint", f"{file} is not a checkpoint of a training run", fix=fix))
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, ValueError) as error:
        fix = "delete it, or choose another --resume"
        raise FormatError(Finding("train/checkpoint", f"{file} cannot be read as a checkpoint: {error}", fix=fix)) from error
    if header.get("digest", "") not in ("", _hash_tensors(tensors)):
        fix = "delete it to resume from the checkpoint before it, or choose another --resume"
        raise FormatError(Finding("train/checkpoint", f"{file} is damaged: its tensors do not match its digest", fix=fix))
    return tensors, header


def is_checkpoint(file: Path) -> bool:
    """Whether the file is an intact checkpoint, not a weights file."""
    try:
        read_checkpoint(file)
    except FormatError:
        return False
    return True


def restore_checkpoint(state: TrainState, file: Path) -> dict[str, Any]:
    """Loads a saved run into a state of the same shape; returns the loop's counters.

    Raises:
        FormatError: the file is not a checkpoint, or holds nets of another shape.
    """
    from stages.nets.weights_io import fill_shape_defaults

    tensors, header = read_checkpoint(file)
    if json.loads(json.dumps(asdict(state.shape))) != fill_shape_defaults(type(state.shape), header["shape"]):
        fix = "choose another --out, or --resume never to start over"
        raise FormatError(Finding("train/other-run", f"{file} holds nets of another shape: {header['shape']}", fix=fix))
    for kind in NET_KINDS:
        for name, net in getattr(state, kind).items():
            net.load_state_dict(select_prefix(tensors, f"{kind}/{name}/"))
    for name, optimiser in state.optimisers.items():
        moments: dict[int, dict[str, Any]] = {}
        for key, value in select_prefix(tensors, f"optimisers/{name}/").items():
            index, _, leaf = key.partition("/")
            moments.setdefault(int(index), {})[leaf] = value
        optimiser.load_state_dict({"state": moments, "param_groups": header["groups"][name]})
    state.numbers, state.step = dict(header["numbers"]), int(header["step"])
    counters: dict[str, Any] = header["counters"]
    return counters


def select_prefix(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The tensors whose key starts with the prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
