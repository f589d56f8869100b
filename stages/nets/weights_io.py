"""Weights files of every family: written with what rebuilds the net, read without pickle, refused in one sentence."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from assets.artefacts.geometry import Floats
from assets.digest import sha256 as digest_of
from assets.errors import BackendError, Finding
from assets.torch_defaults import TORCH_DEFAULTS_LOCK

NET_MODULES: Mapping[str, str] = {
    "dcgan": "stages.nets.dcgan",
    "stylegan": "stages.nets.stylegan",
    "vae": "stages.nets.vae",
    "unet": "stages.nets.unet",
    "diffusion": "stages.nets.diffusion",
    "bodygan": "stages.nets.bodygan",
    "classifier": "stages.nets.classifier",
}
"""Net -> module with `Shape` (frozen dataclass with `latent`), `shipped(shape)` and `make(nets, latents, conditions, grain)`."""
GENERATION_BATCH_SIZE = 16
REPAIR_HINT = "restore it from the repository, or train it again"


def import_net_module(net: str) -> Any:
    """The module of a net, imported now."""
    return importlib.import_module(NET_MODULES[net])


@dataclass(frozen=True)
class TrainedNet:
    """Nets ready to make pictures."""

    net: str
    """Key of NETS."""
    shape: Any
    nets: dict[str, Any]
    conditions: tuple[str, ...]
    """Names of the conditions that they are told."""

    def generate(self, latents: Floats, conditions: Floats, grain: int | None = None) -> Floats:
        """(n,c,h,w) -1..1 pictures, or (n,d) vectors, of (n,latent) and (n,k); `grain` seeds the noise, none without it."""
        import torch

        module = import_net_module(self.net)
        device = next(next(iter(self.nets.values())).parameters()).device
        noise = None if grain is None else torch.Generator(device).manual_seed(grain)
        parts = []
        with TORCH_DEFAULTS_LOCK, torch.no_grad():
            for i in range(0, len(latents), GENERATION_BATCH_SIZE):
                pair = (
                    torch.from_numpy(np.ascontiguousarray(x[i : i + GENERATION_BATCH_SIZE], np.float32)).to(device)
                    for x in (latents, conditions)
                )
                parts.append(module.generate(self.nets, *pair, noise).float().cpu().numpy())
        made: Floats = np.concatenate(parts)
        return made

    def sample(self, conditions: Floats, seed: int) -> NDArray[Any]:
        """(n,h,w,c) uint8 pictures, or (n,d) float32 vectors, one per row of conditions; latents are drawn from the seed."""
        latents = np.random.default_rng(seed).standard_normal((len(conditions), self.shape.latent)).astype(np.float32)
        return to_images(self.generate(latents, conditions))


def to_images(made: Floats) -> NDArray[Any]:
    """(n,h,w,c) uint8 of (n,c,h,w) in -1..1; vectors stay as they are."""
    if made.ndim == 2:
        return made
    shown: NDArray[Any] = np.clip((made.transpose(0, 2, 3, 1) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return shown


def export_net(shipped: TrainedNet, facts: Mapping[str, str]) -> bytes:
    """The bytes of a weights file; `facts` (data, licence, consent, ...) travel in its header."""
    from safetensors.torch import save

    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous() for name, net in shipped.nets.items() for key, value in net.state_dict().items()
    }
    told = {"net": shipped.net, "shape": asdict(shipped.shape), "conditions": list(shipped.conditions), **facts}
    clean = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    content: bytes = save(clean, metadata={"fenshen": json.dumps(told)})  # one key: several come in any order
    return content


def _collect_tensors(nets: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}/{key}": value for name, net in nets.items() for key, value in net.state_dict().items()}


def load_net(file: Path, sha256: str | None = None, net: str | None = None) -> TrainedNet:
    """The nets of a weights file, ready to make pictures.

    Raises:
        BackendError: the file is missing, is not the one promised (sha256), holds pickle, another net than asked for (net), another
            net's tensors or no numbers.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _make_weights_error("missing", f"{file.name} cannot be read: {error.strerror}") from error
    if content[:2] == b"PK" or _is_pickle(content):
        raise _make_weights_error("pickle", f"{file.name} is a pickle, which can run code when it is read")
    if sha256 is not None and digest_of(content) != sha256:
        raise _make_weights_error("corrupt", f"{file.name} does not have the sha256 of weights.json")
    tensors, told = _parse_file(file, content)
    if net is not None and told["net"] != net:
        raise _make_weights_error("foreign", f"{file.name} holds a {told['net']}, where weights.json promises a {net}")
    return _build_trained_net(file, tensors, told)


def _is_pickle(content: bytes) -> bool:
    """Whether it begins as protocols 2 to 5 do: a safetensors file whose header were that long would have no such end."""
    return content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and content[8:9] != b"{"


def _parse_file(file: Path, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        told = json.loads((json.loads(content[8 : 8 + length]).get("__metadata__") or {}).get("fenshen", "{}"))
    except (SafetensorError, ValueError, KeyError) as error:
        raise _make_weights_error("corrupt", f"{file.name} is no safetensors file: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("net"), str) or told["net"] not in NET_MODULES:
        raise _make_weights_error("foreign", f"{file.name} says no net of ours ({', '.join(NET_MODULES)})")
    conditions = told.get("conditions")
    if not isinstance(conditions, list) or not all(isinstance(name, str) for name in conditions):
        raise _make_weights_error("foreign", f"{file.name} names no conditions, which should be a list of words")
    return tensors, told


def _build_trained_net(file: Path, tensors: dict[str, Any], told: dict[str, Any]) -> TrainedNet:
    import torch

    torch.set_num_threads(1)  # the nets are small: more threads cost more than they give, and one is reproducible
    shape, nets = _build_empty_nets(file, told["net"], told.get("shape"))
    wanted = _collect_tensors(nets)
    if odd := sorted(set(wanted) ^ set(tensors)):
        lacking = "lacks" if odd[0] in wanted else "holds, which no such net has,"
        raise _make_weights_error("foreign", f"{file.name} {lacking} {odd[0]} (and {len(odd) - 1} more)")
    for key, value in tensors.items():
        _check_tensor(file, key, value, wanted[key])
    for name, net in nets.items():
        own = {key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")}
        net.load_state_dict(own, assign=True)
        net.eval().requires_grad_(False)
    return TrainedNet(told["net"], shape, nets, tuple(told["conditions"]))


def _build_empty_nets(file: Path, net: str, told: Any) -> tuple[Any, dict[str, Any]]:
    """The shape that a file tells and empty nets of it."""
    from stages.nets.skip_init import SkipInit

    module = import_net_module(net)
    if not isinstance(told, dict):
        raise _make_weights_error("foreign", f"{file.name} tells no shape of its {net}")
    try:
        shape = parse_shape(module.Shape, told)
    except (TypeError, ValueError) as error:
        raise _make_weights_error("foreign", f"{file.name} names a shape that {net} does not have: {error}") from error
    try:
        with TORCH_DEFAULTS_LOCK, SkipInit():
            return shape, module.build_nets(shape)
    except (TypeError, ValueError, ArithmeticError, IndexError, RuntimeError, MemoryError) as error:  # torch's words fill a page
        raise _make_weights_error("foreign", f"{file.name} names a shape of which no {net} can be built") from error


def _check_tensor(file: Path, key: str, value: Any, wanted: Any) -> None:
    import torch

    if value.shape != wanted.shape:
        raise _make_weights_error("foreign", f"{file.name} has {key} of shape {tuple(value.shape)}, not {tuple(wanted.shape)}")
    if value.dtype != wanted.dtype:
        own, other = (str(kind).removeprefix("torch.") for kind in (value.dtype, wanted.dtype))
        raise _make_weights_error("foreign", f"{file.name} has {key} as {own}, not {other}")
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        raise _make_weights_error("broken", f"{file.name} has values in {key} that are no numbers")


def parse_shape(kind: type[Any], told: Mapping[str, Any]) -> Any:
    """The frozen dataclass of what JSON tells; raises TypeError where a field is unknown, ValueError where it holds another kind."""
    if odd := told.keys() - {field.name for field in fields(kind)}:
        raise TypeError(f"there is no {min(odd)}")
    try:
        return TypeAdapter(kind).validate_json(json.dumps(dict(told)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        raise ValueError(f"{where}{first['msg'].removeprefix('Value error, ')}") from error


def fill_shape_defaults(kind: type[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON tells, with the defaults of settings that there were not when it was written."""
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    return {**json.loads(json.dumps(defaults)), **told}


def _make_weights_error(code: str, message: str) -> BackendError:
    return BackendError(Finding(f"weights/{code}", message, fix=REPAIR_HINT))
