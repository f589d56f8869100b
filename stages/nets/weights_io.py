"""Weights files of every net: safetensors with a header that says how to rebuild the net. No pickle is ever loaded."""

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

from assets.artefacts.geometry import Floats, Pixels
from assets.digest import sha256 as digest_of
from assets.errors import BackendError, Finding
from assets.strict_json import parse_json
from assets.torch_defaults import TORCH_DEFAULTS_LOCK

NET_MODULES: Mapping[str, str] = {
    "dcgan": "stages.nets.dcgan",
    "stylegan": "stages.nets.stylegan",
    "vae": "stages.nets.vae",
    "unet": "stages.nets.unet",
    "diffusion": "stages.nets.diffusion",
    "bodygan": "stages.nets.bodygan",
    "classifier": "stages.nets.classifier",
    "clip": "stages.nets.clip",
}
"""Net -> module with `Shape` (frozen dataclass with `latent`), `build_nets(shape)` and `generate(nets, latents, conditions, noise)`."""
GENERATION_BATCH_SIZE = 16
REPAIR_HINT = "restore it from the repository, or train it again"


def import_net_module(net: str) -> Any:
    """The module of a net, imported on first use: torch is slow to import."""
    return importlib.import_module(NET_MODULES[net])


@dataclass(frozen=True)
class TrainedNet:
    """A net with its weights, ready to generate."""

    net: str
    """Key of NET_MODULES."""
    shape: Any
    nets: dict[str, Any]
    conditions: tuple[str, ...]
    """Names of the conditions, in the order of the columns that the net takes."""

    def generate(self, latents: Floats, conditions: Floats, noise_seed: int | None = None) -> Floats:
        """(n,c,h,w) images in -1..1, or (n,d) vectors, of latents (n,latent) and conditions (n,k); no noise without a `noise_seed`."""
        import torch

        module = import_net_module(self.net)
        device = next(next(iter(self.nets.values())).parameters()).device
        noise = None if noise_seed is None else torch.Generator(device).manual_seed(noise_seed)
        parts = []
        with TORCH_DEFAULTS_LOCK, torch.no_grad():
            for i in range(0, len(latents), GENERATION_BATCH_SIZE):
                pair = (
                    torch.from_numpy(np.ascontiguousarray(x[i : i + GENERATION_BATCH_SIZE], np.float32)).to(device)
                    for x in (latents, conditions)
                )
                parts.append(module.generate(self.nets, *pair, noise).float().cpu().numpy())
        generated: Floats = np.concatenate(parts)
        return generated

    def sample(self, conditions: Floats, seed: int) -> NDArray[Any]:
        """(n,h,w,c) uint8 images, or (n,d) float32 vectors, one per row of conditions; latents are drawn from the seed."""
        latents = np.random.default_rng(seed).standard_normal((len(conditions), self.shape.latent)).astype(np.float32)
        return to_images(self.generate(latents, conditions))


def to_images(generated: Floats) -> NDArray[Any]:
    """(n,h,w,c) uint8 images of (n,c,h,w) values in -1..1; vectors (n,d) are returned unchanged."""
    return generated if generated.ndim == 2 else to_pixels(generated.transpose(0, 2, 3, 1))


def to_pixels(values: Floats) -> Pixels:
    """uint8 of values in -1..1, rounded, in the same shape."""
    # +0.5 rounds: the cast to uint8 truncates.
    pixels: Pixels = np.clip((values + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return pixels


def export_net(trained: TrainedNet, facts: Mapping[str, str]) -> bytes:
    """The bytes of a weights file; `facts` (data, licence, consent, ...) are stored in its header."""
    from safetensors.torch import save

    header = {"net": trained.net, "shape": asdict(trained.shape), "conditions": list(trained.conditions), **facts}
    tensors = {key: value.detach().cpu().contiguous() for key, value in _collect_tensors(trained.nets).items()}
    # A single metadata key: safetensors writes several in no fixed order.
    content: bytes = save(tensors, metadata={"fenshen": json.dumps(header)})
    return content


def _collect_tensors(nets: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}/{key}": value for name, net in nets.items() for key, value in net.state_dict().items()}


def load_net(file: Path, sha256: str | None = None, net: str | None = None) -> TrainedNet:
    """The net of a weights file, ready to generate.

    Args:
        file: the weights file.
        sha256: the digest that the file must have; not checked if None.
        net: the net that the file must hold, a key of NET_MODULES; any if None.

    Raises:
        BackendError: the file is missing, is a pickle, does not match `sha256`, holds another net than `net`, or holds tensors
            that do not fit its net or are not finite.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _make_weights_error("missing", f"{file.name} cannot be read: {error.strerror}") from error
    # PK begins a zip file, which torch.save writes around its pickle.
    if content[:2] == b"PK" or _is_pickle(content):
        raise _make_weights_error("pickle", f"{file.name} is a pickle, which can run code when it is loaded")
    if sha256 is not None and digest_of(content) != sha256:
        raise _make_weights_error("corrupt", f"{file.name} does not match its sha256 in weights.json")
    tensors, header = _parse_file(file, content)
    if net is not None and header["net"] != net:
        raise _make_weights_error("foreign", f"{file.name} holds a {header['net']}, but weights.json expects a {net}")
    return _build_trained_net(file, tensors, header)


def _is_pickle(content: bytes) -> bool:
    """Whether it starts like pickle protocols 2 to 5.

    A safetensors file starts with the length of its header, which may be the same two bytes; byte 8 is then the header's brace.
    """
    return content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and content[8:9] != b"{"


def _parse_file(file: Path, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors by name, and the header."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
        # safetensors: eight bytes with the length of the JSON header, little-endian, then the header.
        length = int.from_bytes(content[:8], "little")
        header = parse_json((parse_json(content[8 : 8 + length]).get("__metadata__") or {}).get("fenshen", "{}"))
    except (SafetensorError, ValueError, KeyError) as error:
        raise _make_weights_error("corrupt", f"{file.name} is not a safetensors file: {error}") from error
    if not isinstance(header, dict) or not isinstance(header.get("net"), str) or header["net"] not in NET_MODULES:
        raise _make_weights_error("foreign", f"{file.name} names no known net in its header (known: {', '.join(NET_MODULES)})")
    conditions = header.get("conditions")
    if not isinstance(conditions, list) or not all(isinstance(name, str) for name in conditions):
        raise _make_weights_error("foreign", f"{file.name} has no list of condition names in its header")
    return tensors, header


def _build_trained_net(file: Path, tensors: dict[str, Any], header: dict[str, Any]) -> TrainedNet:
    import torch

    torch.set_num_threads(1)  # the nets are small: more threads cost more than they give, and one is reproducible
    shape, nets = _build_empty_nets(file, header["net"], header.get("shape"))
    expected = _collect_tensors(nets)
    if differing := sorted(set(expected) ^ set(tensors)):
        problem = "lacks the tensor" if differing[0] in expected else "has an unexpected tensor"
        more = f" (and {len(differing) - 1} more)" if len(differing) > 1 else ""
        raise _make_weights_error("foreign", f"{file.name} {problem} {differing[0]}{more}")
    for key, value in tensors.items():
        # Before load_state_dict, whose own messages list every tensor.
        _check_tensor(file, key, value, expected[key])
    for name, net in nets.items():
        state = {key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")}
        # assign takes the file's tensors as they are, without a copy: their types were checked for that reason.
        net.load_state_dict(state, assign=True)
        net.eval().requires_grad_(False)
    return TrainedNet(header["net"], shape, nets, tuple(header["conditions"]))


def _build_empty_nets(file: Path, net: str, values: Any) -> tuple[Any, dict[str, Any]]:
    """The shape in a file's header, and nets of that shape without weights."""
    from stages.nets.skip_init import SkipInit

    module = import_net_module(net)
    if not isinstance(values, dict):
        raise _make_weights_error("foreign", f"{file.name} has no {net} shape in its header")
    try:
        shape = parse_shape(module.Shape, values)
    except (TypeError, ValueError) as error:
        raise _make_weights_error("foreign", f"{file.name} has an invalid {net} shape: {error}") from error
    try:
        with TORCH_DEFAULTS_LOCK, SkipInit():
            return shape, module.build_nets(shape)
    except (TypeError, ValueError, ArithmeticError, IndexError, RuntimeError, MemoryError) as error:  # torch's own message fills a page
        raise _make_weights_error("foreign", f"{file.name} has a shape from which no {net} can be built") from error


def _check_tensor(file: Path, key: str, value: Any, expected: Any) -> None:
    import torch

    tensor = f"the tensor {key} of {file.name}"
    if value.shape != expected.shape:
        raise _make_weights_error("foreign", f"{tensor} has shape {tuple(value.shape)}, expected {tuple(expected.shape)}")
    # Loading with assign would not convert it.
    if value.dtype != expected.dtype:
        found, right = (str(dtype).removeprefix("torch.") for dtype in (value.dtype, expected.dtype))
        raise _make_weights_error("foreign", f"{tensor} has type {found}, expected {right}")
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        raise _make_weights_error("broken", f"{tensor} contains NaN or infinite values")


def parse_shape(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """The shape dataclass of JSON values; raises TypeError for an unknown field, ValueError for a value of the wrong type or range."""
    if unknown := values.keys() - {field.name for field in fields(kind)}:
        raise TypeError(f"unknown field {min(unknown)}")
    try:
        # From JSON, in which lists become tuples even in strict mode; strict Python values would refuse them.
        return TypeAdapter(kind).validate_json(json.dumps(dict(values)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{first['loc'][0]}: " if first["loc"] else ""
        raise ValueError(f"{place}{first['msg'].removeprefix('Value error, ')}") from error


def fill_shape_defaults(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values of a shape, completed with the defaults of fields that were added after it was written."""
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    # Through JSON, so that tuples among the defaults compare equal to the lists of a file.
    return {**json.loads(json.dumps(defaults)), **values}


def _make_weights_error(code: str, message: str) -> BackendError:
    return BackendError(Finding(f"weights/{code}", message, fix=REPAIR_HINT))
