"""Inception v3 (Szegedy et al. 2016) up to its pooled features, for weights that the user provides; Fenshen ships none.

Two kinds of file are distinguished by their number of classes: torchvision's (1000), and the port of the original FID network
(1008), whose poolings differ. Only features of the latter compare with published FIDs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assets.errors import BackendError, Finding
from assets.spec.wording import MAX_SHOWN_PATH, shorten

INPUT_SIDE = 299
FID_CLASSES = 1008
"""Classes of the network that FID is defined with."""
FILE_HINT = "give torchvision's inception_v3 file"


class BasicConv(nn.Module):  # type: ignore[misc]
    """Convolution without bias, batch norm, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1, padding: int | tuple[int, int] = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        # 0.001 is TensorFlow's default, with which the weights were trained; torch's is 1e-5.
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(b,outputs,h,w)."""
        return F.relu(self.bn(self.conv(x)))


class InceptionBlock(nn.Module):  # type: ignore[misc]
    """Parallel branches, concatenated; each is a chain of named layers, "pool" and "shrink" (strided max pooling)."""

    def __init__(self, layers: Mapping[str, BasicConv], chains: tuple[tuple[str, ...], ...], original: bool, last: bool = False) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.chains, self.original, self.last = chains, original, last

    def pool(self, x: Tensor) -> Tensor:
        """(b,c,h,w) 3x3 pooling; the FID network does not count the padding, and takes the maximum in its last block."""
        if self.original and self.last:
            return F.max_pool2d(x, 3, 1, 1)
        # TensorFlow, in which the FID network was trained, averages over the pixels inside the image only.
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=not self.original)

    def forward(self, x: Tensor) -> Tensor:
        """(b,outputs,h,w) all branches, concatenated along the channels."""
        return torch.cat([self._run_chain(x, chain) for chain in self.chains], 1)

    def _run_chain(self, x: Tensor, chain: tuple[str, ...]) -> Tensor:
        for name in chain:
            if name == "pool":
                x = self.pool(x)
            elif name == "shrink":
                x = F.max_pool2d(x, 3, 2)
            elif "+" in name:
                x = torch.cat([getattr(self, part)(x) for part in name.split("+")], 1)
            else:
                x = getattr(self, name)(x)
        return x


# Names of layers and blocks are torchvision's, because they are the keys of the files.
def _build_inception_a(inputs: int, pool: int, original: bool) -> InceptionBlock:
    layers = {
        "branch1x1": BasicConv(inputs, 64, 1),
        "branch5x5_1": BasicConv(inputs, 48, 1),
        "branch5x5_2": BasicConv(48, 64, 5, padding=2),
    }
    layers |= {"branch3x3dbl_1": BasicConv(inputs, 64, 1), "branch3x3dbl_2": BasicConv(64, 96, 3, padding=1)}
    layers |= {"branch3x3dbl_3": BasicConv(96, 96, 3, padding=1), "branch_pool": BasicConv(inputs, pool, 1)}
    double = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
    chains = (("branch1x1",), ("branch5x5_1", "branch5x5_2"), double, ("pool", "branch_pool"))
    return InceptionBlock(layers, chains, original)


def _build_inception_b(inputs: int) -> InceptionBlock:
    layers = {"branch3x3": BasicConv(inputs, 384, 3, 2), "branch3x3dbl_1": BasicConv(inputs, 64, 1)}
    layers |= {"branch3x3dbl_2": BasicConv(64, 96, 3, padding=1), "branch3x3dbl_3": BasicConv(96, 96, 3, 2)}
    return InceptionBlock(layers, (("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), ("shrink",)), False)


def _build_inception_c(inputs: int, width: int, original: bool) -> InceptionBlock:
    def wide(outputs: int) -> BasicConv:
        return BasicConv(width, outputs, (1, 7), padding=(0, 3))

    def tall(outputs: int) -> BasicConv:
        return BasicConv(width, outputs, (7, 1), padding=(3, 0))

    layers = {"branch1x1": BasicConv(inputs, 192, 1), "branch7x7_1": BasicConv(inputs, width, 1), "branch7x7_2": wide(width)}
    layers |= {"branch7x7_3": tall(192), "branch7x7dbl_1": BasicConv(inputs, width, 1), "branch7x7dbl_2": tall(width)}
    layers |= {"branch7x7dbl_3": wide(width), "branch7x7dbl_4": tall(width), "branch7x7dbl_5": wide(192)}
    layers |= {"branch_pool": BasicConv(inputs, 192, 1)}
    double = tuple(f"branch7x7dbl_{i}" for i in range(1, 6))
    chains = (("branch1x1",), ("branch7x7_1", "branch7x7_2", "branch7x7_3"), double, ("pool", "branch_pool"))
    return InceptionBlock(layers, chains, original)


def _build_inception_d(inputs: int) -> InceptionBlock:
    layers = {
        "branch3x3_1": BasicConv(inputs, 192, 1),
        "branch3x3_2": BasicConv(192, 320, 3, 2),
        "branch7x7x3_1": BasicConv(inputs, 192, 1),
    }
    layers |= {"branch7x7x3_2": BasicConv(192, 192, (1, 7), padding=(0, 3)), "branch7x7x3_3": BasicConv(192, 192, (7, 1), padding=(3, 0))}
    layers |= {"branch7x7x3_4": BasicConv(192, 192, 3, 2)}
    chains = (("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{i}" for i in range(1, 5)), ("shrink",))
    return InceptionBlock(layers, chains, False)


def _build_inception_e(inputs: int, original: bool, last: bool) -> InceptionBlock:
    layers = {"branch1x1": BasicConv(inputs, 320, 1), "branch3x3_1": BasicConv(inputs, 384, 1)}
    layers |= {"branch3x3_2a": BasicConv(384, 384, (1, 3), padding=(0, 1))}
    layers |= {"branch3x3_2b": BasicConv(384, 384, (3, 1), padding=(1, 0)), "branch3x3dbl_1": BasicConv(inputs, 448, 1)}
    layers |= {"branch3x3dbl_2": BasicConv(448, 384, 3, padding=1), "branch3x3dbl_3a": BasicConv(384, 384, (1, 3), padding=(0, 1))}
    layers |= {"branch3x3dbl_3b": BasicConv(384, 384, (3, 1), padding=(1, 0)), "branch_pool": BasicConv(inputs, 192, 1)}
    double = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a+branch3x3dbl_3b")
    chains = (("branch1x1",), ("branch3x3_1", "branch3x3_2a+branch3x3_2b"), double, ("pool", "branch_pool"))
    return InceptionBlock(layers, chains, original, last)


class Inception(nn.Module):  # type: ignore[misc]
    """Images (b,3,h,w) in -1..1 to features (b,2048); `fc` exists only because the files have it."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        original = classes == FID_CLASSES
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = BasicConv(3, 32, 3, 2), BasicConv(32, 32, 3)
        self.Conv2d_2b_3x3, self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = (
            BasicConv(32, 64, 3, padding=1),
            BasicConv(64, 80, 1),
            BasicConv(80, 192, 3),
        )
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = (
            _build_inception_a(192, 32, original),
            _build_inception_a(256, 64, original),
            _build_inception_a(288, 64, original),
        )
        self.Mixed_6a = _build_inception_b(288)
        for name, width in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
            self.add_module(f"Mixed_6{name}", _build_inception_c(768, width, original))
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = (
            _build_inception_d(768),
            _build_inception_e(1280, original, False),
            _build_inception_e(2048, original, True),
        )
        self.fc = nn.Linear(2048, classes)

    def layers(self) -> Iterator[nn.Module]:
        """All layers before `fc`, in the order of the forward pass."""
        for name, layer in self.named_children():
            if name != "fc":
                yield layer
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                yield nn.MaxPool2d(3, 2)

    def extract_features(self, x: Tensor) -> Tensor:
        """(b,2048) of images (b,3,h,w) of any size."""
        # Without antialiasing, as the port of the FID network resizes.
        x = F.interpolate(x, size=(INPUT_SIDE, INPUT_SIDE), mode="bilinear", align_corners=False)
        for layer in self.layers():
            x = layer(x)
        return x.mean((2, 3))


def load_inception(file: Path) -> Inception:
    """The network of a user's weights file (.pth or .safetensors); code in a pickle is never run.

    Raises:
        BackendError: the file is missing, is not Inception v3, or is a pickle that holds more than tensors.
    """
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            tensors: dict[str, Any] = load_file(file)
        else:
            tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # safetensors, pickle, zipfile and torch each raise their own exceptions
        reason = str(error).partition("\n")[0].partition(". ")[0]  # torch adds advice after the first sentence
        message = f"{file} cannot be read as weights: {shorten(reason, MAX_SHOWN_PATH)}"
        raise BackendError(Finding("evaluate/inception", message, fix=FILE_HINT)) from error
    # The auxiliary classifier helps in training only.
    tensors = {name: value for name, value in tensors.items() if not name.startswith("AuxLogits.")}
    classes = len(tensors["fc.bias"]) if "fc.bias" in tensors else 0
    net = Inception(max(classes, 1))
    state = net.state_dict()
    # Batch norm's counters are missing from ports of TensorFlow weights and are not used in evaluation.
    wrong = [k for k, v in state.items() if not k.endswith("num_batches_tracked") and getattr(tensors.get(k), "shape", None) != v.shape]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        message = f"{file.name} is not Inception v3: {wrong[0]} is missing or has another shape{more}"
        raise BackendError(Finding("evaluate/inception", message, fix=FILE_HINT))
    net.load_state_dict({**state, **{k: v for k, v in tensors.items() if k in state}})
    net.eval().requires_grad_(False)
    return net
