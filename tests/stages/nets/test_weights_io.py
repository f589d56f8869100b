"""Weights files: what is written is what is read, and anything else is refused in one sentence."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from assets.digest import sha256
from assets.errors import BackendError
from stages.nets import dcgan, stylegan, vae
from stages.nets.weights_io import NET_MODULES, TrainedNet, export_net, fill_shape_defaults, load_net, parse_shape, to_images

SHAPES = {
    "dcgan": (dcgan, dcgan.Shape(size=16, width=8, widest=16, latent=8)),
    "stylegan": (stylegan, stylegan.Shape(size=16, width=8, widest=16, latent=8, styles=12)),
    "vae": (vae, vae.Shape(size=16, width=8, widest=16, latent=8)),
}
REPAIR = "restore it from the repository, or train it again"
BIAS = "generator/leave.bias"


def make_tiny_net(name: str) -> TrainedNet:
    module, shape = SHAPES[name]
    torch.manual_seed(0)
    nets = {key: net.eval() for key, net in module.build_nets(shape).items()}
    return TrainedNet(name, shape, nets, ("age_years", "gender", "tone"))


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_net_makes_the_same_images_after_writing_and_reading(name: str, tmp_path: Path) -> None:
    net, file = make_tiny_net(name), tmp_path / "net.safetensors"
    file.write_bytes(export_net(net, {"licence": "CC0-1.0"}))
    again = load_net(file, sha256(file.read_bytes()))
    conditions = np.full((3, 3), 0.5, np.float32)
    assert again.shape == net.shape
    assert again.conditions == net.conditions
    assert np.array_equal(net.sample(conditions, seed=1), again.sample(conditions, seed=1))
    assert not np.array_equal(net.sample(conditions, seed=1), net.sample(conditions, seed=2))


def test_images_do_not_depend_on_their_batch() -> None:
    net, rng = make_tiny_net("stylegan"), np.random.default_rng(0)
    latents, conditions = rng.standard_normal((20, 8)).astype(np.float32), rng.uniform(0, 1, (20, 3)).astype(np.float32)
    assert np.allclose(net.generate(latents, conditions)[17:18], net.generate(latents[17:18], conditions[17:18]), atol=1e-5)


def test_noise_depends_on_its_seed_alone() -> None:
    net = make_tiny_net("stylegan")
    torch.nn.init.constant_(net.nets["generator"].first[0].strength, 1.0)
    latents, conditions = np.zeros((1, 8), np.float32), np.full((1, 3), 0.5, np.float32)
    first, same, other, without = (net.generate(latents, conditions, seed) for seed in (1, 1, 2, None))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, without)


def test_values_become_rounded_pixels_and_vectors_stay_as_they_are() -> None:
    values = np.array([-1.5, -1.0, 0.0, 1.0, 1.5], np.float32).reshape(1, 5, 1, 1)
    assert to_images(values).tolist() == [[[[0, 0, 128, 255, 255]]]]
    vectors = np.zeros((2, 3), np.float32)
    assert to_images(vectors) is vectors


def test_facts_are_stored_in_the_header() -> None:
    content = export_net(make_tiny_net("dcgan"), {"licence": "CC0-1.0", "data": "skins"})
    header = json.loads(json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["fenshen"])
    assert (header["net"], header["licence"], header["data"]) == ("dcgan", "CC0-1.0", "skins")
    assert header["shape"]["size"] == 16


def test_settings_that_are_newer_than_a_file_have_their_defaults() -> None:
    assert fill_shape_defaults(dcgan.Shape, {"size": 32})["dropout"] == 0.0
    assert parse_shape(dcgan.Shape, {"size": 32}) == dcgan.Shape(size=32)


Tensors, Header = dict[str, torch.Tensor], dict[str, Any]


def write_changed_weights(file: Path, change: Callable[[Tensors, Header], object]) -> Path:
    """A tiny DCGAN's weights file whose tensors and header `change` has changed."""
    content = export_net(make_tiny_net("dcgan"), {})
    header = json.loads(json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["fenshen"])
    tensors = load(content)
    change(tensors, header)
    file.write_bytes(save(tensors, metadata={"fenshen": json.dumps(header)}))
    return file


def remove_all_but_one(tensors: Tensors, header: Header) -> None:
    for name in sorted(tensors)[1:]:
        del tensors[name]


@dataclass(frozen=True)
class Refusal:
    """A change of a good file, and the finding that refuses the result."""

    change: Callable[[Tensors, Header], object]
    code: str
    message: str


UNKNOWN_NET = f"net.safetensors names no known net in its header (known: {', '.join(NET_MODULES)})"
NO_CONDITIONS = "net.safetensors has no list of condition names in its header"
REFUSALS = {
    "net unknown": Refusal(lambda _, header: header.update(net="somebody's"), "foreign", UNKNOWN_NET),
    "net no text": Refusal(lambda _, header: header.update(net=["dcgan"]), "foreign", UNKNOWN_NET),
    "no conditions": Refusal(lambda _, header: header.pop("conditions"), "foreign", NO_CONDITIONS),
    "conditions a number": Refusal(lambda _, header: header.update(conditions=5), "foreign", NO_CONDITIONS),
    "no shape": Refusal(lambda _, header: header.pop("shape"), "foreign", "net.safetensors has no dcgan shape in its header"),
    "shape too large": Refusal(
        lambda _, header: header.update(shape={"size": 16, "width": 8, "conditions": 10**15}),
        "foreign", "net.safetensors has a shape from which no dcgan can be built",
    ),
    "size no power of two": Refusal(
        lambda _, header: header.update(shape={"size": 100, "width": 8}),
        "foreign", "net.safetensors has an invalid dcgan shape: size must be a power of two and at least 8, not 100",
    ),
    "text for a number": Refusal(
        lambda _, header: header.update(shape={"width": "8"}),
        "foreign", "net.safetensors has an invalid dcgan shape: width: Input should be a valid integer",
    ),
    "unknown field": Refusal(
        lambda _, header: header.update(shape={"width": 8, "depth": 3}),
        "foreign", "net.safetensors has an invalid dcgan shape: unknown field depth",
    ),
    "half": Refusal(
        lambda tensors, _: tensors.update({BIAS: torch.zeros(3, dtype=torch.float16)}),
        "foreign", "the tensor generator/leave.bias of net.safetensors has type float16, expected float32",
    ),
    "double": Refusal(
        lambda tensors, _: tensors.update({BIAS: torch.zeros(3, dtype=torch.float64)}),
        "foreign", "the tensor generator/leave.bias of net.safetensors has type float64, expected float32",
    ),
    "integer": Refusal(
        lambda tensors, _: tensors.update({BIAS: torch.zeros(3, dtype=torch.int32)}),
        "foreign", "the tensor generator/leave.bias of net.safetensors has type int32, expected float32",
    ),
    "wrong length": Refusal(
        lambda tensors, _: tensors.update({BIAS: torch.zeros(4)}),
        "foreign", "the tensor generator/leave.bias of net.safetensors has shape (4,), expected (3,)",
    ),
    "not finite": Refusal(
        lambda tensors, _: tensors[BIAS].fill_(float("nan")),
        "broken", "the tensor generator/leave.bias of net.safetensors contains NaN or infinite values",
    ),
    "one tensor missing": Refusal(
        lambda tensors, _: tensors.pop(BIAS), "foreign", "net.safetensors lacks the tensor generator/leave.bias"
    ),
    "many tensors missing": Refusal(
        remove_all_but_one, "foreign", "net.safetensors lacks the tensor generator/first.bias (and 12 more)"
    ),
    "tensor too many": Refusal(
        lambda tensors, _: tensors.update({"generator/more": torch.zeros(1)}),
        "foreign", "net.safetensors has an unexpected tensor generator/more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_weights_that_do_not_fit_are_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    refusal = REFUSALS[name]
    with pytest.raises(BackendError) as caught:
        load_net(write_changed_weights(tmp_path / "net.safetensors", refusal.change))
    assert str(caught.value) == f"error[weights/{refusal.code}] {refusal.message}; {REPAIR}"


@pytest.mark.parametrize("header", ["[]", "5", '"dcgan"', "null", "{}"])
def test_a_header_that_is_no_record_names_no_net(header: str, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(save({"a": torch.zeros(1)}, metadata={"fenshen": header}))
    with pytest.raises(BackendError) as caught:
        load_net(file)
    assert str(caught.value) == f"error[weights/foreign] {UNKNOWN_NET}; {REPAIR}"


def test_weights_of_another_net_than_expected_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(export_net(make_tiny_net("dcgan"), {}))
    assert load_net(file, net="dcgan").net == "dcgan"
    with pytest.raises(BackendError) as caught:
        load_net(file, net="vae")
    assert str(caught.value) == f"error[weights/foreign] net.safetensors holds a dcgan, but weights.json expects a vae; {REPAIR}"


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", *(pickle.dumps({"weights": [1.0]}, protocol) for protocol in (2, 3, 4, 5))])
def test_a_pickle_is_refused_unread(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(content)
    with pytest.raises(BackendError) as caught:
        load_net(file)
    assert str(caught.value) == (f"error[weights/pickle] net.safetensors is a pickle, which can run code when it is loaded; {REPAIR}")


@pytest.mark.parametrize(("content", "reason"), [
    (b"some other bytes", "Error while deserializing: header too large"),
    (b"", "Error while deserializing: header too small"),
])  # fmt: skip
def test_other_bytes_are_no_safetensors_file(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(content)
    with pytest.raises(BackendError) as caught:
        load_net(file)
    assert str(caught.value) == f"error[weights/corrupt] net.safetensors is not a safetensors file: {reason}; {REPAIR}"


def test_a_missing_file_and_a_wrong_digest_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    with pytest.raises(BackendError) as caught:
        load_net(file)
    assert str(caught.value) == f"error[weights/missing] net.safetensors cannot be read: No such file or directory; {REPAIR}"
    file.write_bytes(export_net(make_tiny_net("dcgan"), {}))
    with pytest.raises(BackendError) as caught:
        load_net(file, "0" * 64)
    assert str(caught.value) == f"error[weights/corrupt] net.safetensors does not match its sha256 in weights.json; {REPAIR}"
