"""Weights files: what was written is what is read, and anything else is refused in one sentence."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from assets.digest import sha256
from assets.errors import BackendError
from stages.nets import dcgan, stylegan, vae
from stages.nets.weights_io import TrainedNet, export_net, load_net

SHAPES = {
    "dcgan": (dcgan, dcgan.Shape(size=16, width=8, widest=16, latent=8)),
    "stylegan": (stylegan, stylegan.Shape(size=16, width=8, widest=16, latent=8, styles=12)),
    "vae": (vae, vae.Shape(size=16, width=8, widest=16, latent=8)),
}


def tiny(name: str) -> TrainedNet:
    module, shape = SHAPES[name]
    torch.manual_seed(0)
    nets = {key: net.eval() for key, net in module.build_nets(shape).items()}
    return TrainedNet(name, shape, nets, ("age_years", "gender", "tone"))


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_net_makes_the_same_pictures_after_it_was_written_and_read(name: str, tmp_path: Path) -> None:
    net, file = tiny(name), tmp_path / "net.safetensors"
    file.write_bytes(export_net(net, {"licence": "CC0-1.0"}))
    again = load_net(file, sha256(file.read_bytes()))
    told = np.full((3, 3), 0.5, np.float32)
    assert again.shape == net.shape
    assert np.array_equal(net.sample(told, seed=1), again.sample(told, seed=1))
    assert not np.array_equal(net.sample(told, seed=1), net.sample(told, seed=2))


def test_pictures_do_not_depend_on_the_batch_that_they_were_made_in() -> None:
    net, rng = tiny("stylegan"), np.random.default_rng(0)
    latents, told = rng.standard_normal((20, 8)).astype(np.float32), rng.uniform(0, 1, (20, 3)).astype(np.float32)
    assert np.allclose(net.generate(latents, told)[17:18], net.generate(latents[17:18], told[17:18]), atol=1e-5)


def changed(change: Callable[[dict[str, torch.Tensor], dict[str, object]], None]) -> bytes:
    content = export_net(tiny("dcgan"), {})
    length = int.from_bytes(content[:8], "little")
    told = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["fenshen"])
    tensors = load(content)
    change(tensors, told)
    return save(tensors, metadata={"fenshen": json.dumps(told)})


def nan(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/leave.bias"][0] = float("nan")


def lacking(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    del tensors["generator/leave.bias"]


def more(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/more"] = torch.zeros(1)


def reshaped(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/leave.bias"] = torch.zeros(4)


def foreign(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["net"] = "somebody's"


def odd(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["shape"] = {"width": 8, "depth": 3}


def worded(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["shape"] = {"width": "8"}


def listed(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["net"] = ["dcgan"]


def untold(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    del told["conditions"]


def numbered(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["conditions"] = 5


def shapeless(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    del told["shape"]


def huge(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["shape"] = {"size": 16, "width": 8, "conditions": 10**15}


def unhalved(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    told["shape"] = {"size": 100, "width": 8}


def half(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/leave.bias"] = torch.zeros(3, dtype=torch.float16)


def double(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/leave.bias"] = torch.zeros(3, dtype=torch.float64)


def whole(tensors: dict[str, torch.Tensor], told: dict[str, object]) -> None:
    tensors["generator/leave.bias"] = torch.zeros(3, dtype=torch.int32)


REFUSED = {
    listed: ("weights/foreign", "net.safetensors says no net of ours"),
    untold: ("weights/foreign", "net.safetensors names no conditions, which should be a list of words"),
    numbered: ("weights/foreign", "net.safetensors names no conditions, which should be a list of words"),
    shapeless: ("weights/foreign", "net.safetensors tells no shape of its dcgan"),
    huge: ("weights/foreign", "net.safetensors names a shape of which no dcgan can be built"),
    unhalved: (
        "weights/foreign",
        "net.safetensors names a shape that dcgan does not have: its pictures are 100 px a side, which must be a power of two from 8",
    ),
    half: ("weights/foreign", "net.safetensors has generator/leave.bias as float16, not float32"),
    double: ("weights/foreign", "net.safetensors has generator/leave.bias as float64, not float32"),
    whole: ("weights/foreign", "net.safetensors has generator/leave.bias as int32, not float32"),
    worded: ("weights/foreign", "net.safetensors names a shape that dcgan does not have: width: Input should be a valid integer"),
    nan: ("weights/broken", "net.safetensors has values in generator/leave.bias that are no numbers"),
    lacking: ("weights/foreign", "net.safetensors lacks generator/leave.bias (and 0 more)"),
    more: ("weights/foreign", "net.safetensors holds, which no such net has, generator/more (and 0 more)"),
    reshaped: ("weights/foreign", "net.safetensors has generator/leave.bias of shape (4,), not (3,)"),
    foreign: ("weights/foreign", "net.safetensors says no net of ours"),
    odd: ("weights/foreign", "net.safetensors names a shape that dcgan does not have"),
}


@pytest.mark.parametrize("change", list(REFUSED), ids=lambda change: change.__name__)
def test_foreign_and_broken_weights_are_refused_in_one_sentence(change: Callable[..., None], tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(changed(change))
    with pytest.raises(BackendError) as caught:
        load_net(file)
    (finding,) = caught.value.findings
    code, sentence = REFUSED[change]
    assert finding.code == code
    assert finding.message.startswith(sentence)
    assert "\n" not in finding.message


@pytest.mark.parametrize("header", ["[]", "5", '"dcgan"', "null", "{}"])
def test_a_header_that_is_no_record_says_no_net(header: str, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(save({"a": torch.zeros(1)}, metadata={"fenshen": header}))
    with pytest.raises(BackendError, match=r"weights/foreign.*says no net of ours"):
        load_net(file)


def test_another_family_s_file_is_not_taken_for_the_one_promised(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(export_net(tiny("dcgan"), {}))
    assert load_net(file, net="dcgan").net == "dcgan"
    with pytest.raises(BackendError, match=r"net\.safetensors holds a dcgan, where weights\.json promises a vae"):
        load_net(file, net="vae")


@pytest.mark.parametrize(("content", "code"), [
    (b"PK\x03\x04rest", "pickle"), (b"nothing of ours", "corrupt"), (b"", "corrupt"),
    *((pickle.dumps({"weights": [1.0]}, protocol), "pickle") for protocol in (2, 3, 4, 5)),
])  # fmt: skip
def test_files_that_are_no_safetensors_are_refused_unread(content: bytes, code: str, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(content)
    with pytest.raises(BackendError) as caught:
        load_net(file)
    assert caught.value.findings[0].code == f"weights/{code}"


def test_other_bytes_than_promised_and_no_bytes_at_all_are_told(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    with pytest.raises(BackendError, match="weights/missing"):
        load_net(file)
    file.write_bytes(export_net(tiny("dcgan"), {}))
    with pytest.raises(BackendError, match="weights/corrupt"):
        load_net(file, "0" * 64)
