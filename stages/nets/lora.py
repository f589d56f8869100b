"""Low-rank adaptation (Hu et al. 2021): a trainable product of two thin matrices is added to each frozen linear layer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


class LoraLinear(nn.Module):  # type: ignore[misc]
    """A frozen linear layer plus up(down(x)) * gain; `up` starts at zero, so the layer is unchanged before training."""

    def __init__(self, layer: nn.Linear, rank: int, gain: float = 1.0) -> None:
        super().__init__()
        self.layer, self.gain = layer, gain
        # Variance 1 / inputs, so that down(x) is about as large as x. Hu et al. start from `up` = 0 as well.
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))
        self.register_load_state_dict_pre_hook(_accept_plain_state)

    def forward(self, x: Tensor) -> Tensor:
        """(...,out)."""
        return self.layer(x) + x @ self.down.T @ self.up.T * self.gain

    def to_linear(self) -> nn.Linear:
        """The plain linear layer that computes the same."""
        merged = nn.Linear(self.layer.in_features, self.layer.out_features, bias=self.layer.bias is not None)
        merged.load_state_dict(self.layer.state_dict())
        with torch.no_grad():
            # (up down) x, in this order: a layer's weight is (outputs, inputs).
            merged.weight += self.up @ self.down * self.gain
        return merged


def _accept_plain_state(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Lets the state of the plain net be loaded: it goes into the frozen layer, and the adapter keeps its values."""
    for name in ("weight", "bias"):
        if f"{prefix}{name}" in state:
            state[f"{prefix}layer.{name}"] = state.pop(f"{prefix}{name}")
            state |= {f"{prefix}{part}": getattr(module, part).detach() for part in ("down", "up") if f"{prefix}{part}" not in state}


def insert_adapters(net: nn.Module, rank: int, gain: float = 1.0) -> list[nn.Parameter]:
    """Puts an adapter on every linear layer of the net, freezes everything else, and returns the trainable parameters."""
    net.requires_grad_(False)
    # A list before any change: modules() would otherwise enter the adapters that are inserted.
    linear = [(parent, name) for parent in net.modules() for name, child in parent.named_children() if isinstance(child, nn.Linear)]
    for parent, name in linear:
        setattr(parent, name, LoraLinear(getattr(parent, name), rank, gain))
    return [p for p in net.parameters() if p.requires_grad]


def collect_adapters(net: nn.Module) -> dict[str, Tensor]:
    """The adapters' matrices alone, by their names in the net."""
    return {name: value for name, value in net.state_dict().items() if name.endswith((".down", ".up"))}


def pack_adapters(net: nn.Module, facts: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file of the net's adapters; `facts` (data, licence, consent, ...) are stored in its header."""
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in collect_adapters(net).items()}
    content: bytes = save(tensors, metadata={"fenshen": json.dumps({"adapters": "lora", **facts})})
    return content


def load_adapters(net: nn.Module, file: Path) -> None:
    """Loads a file's adapters into a net that has adapters.

    Raises:
        ValueError: the file cannot be read, or its adapters do not fit the net.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        adapters, tensors = collect_adapters(net), load(file.read_bytes())
    except (OSError, SafetensorError) as error:
        raise ValueError(f"it is not a file of adapters ({error})") from error
    if adapters.keys() != tensors.keys() or any(adapters[name].shape != value.shape for name, value in tensors.items()):
        raise ValueError("its adapters are of another net or another rank")
    # Not strict: the frozen layers' weights are not in the file.
    net.load_state_dict(tensors, strict=False)


def merge_adapter_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of the plain net that computes the same as the net with adapters (of gain 1, which no state records)."""
    merged = dict(state)
    for layer in [name.removesuffix(".up") for name in state if name.endswith(".up") and f"{name.removesuffix('.up')}.down" in state]:
        merged[f"{layer}.weight"] = merged.pop(f"{layer}.layer.weight") + merged.pop(f"{layer}.up") @ merged.pop(f"{layer}.down")
        if f"{layer}.layer.bias" in merged:
            merged[f"{layer}.bias"] = merged.pop(f"{layer}.layer.bias")
    return merged


def merge_adapters(net: nn.Module) -> None:
    """Replaces every layer that has an adapter by one plain linear layer."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLinear):
                setattr(parent, name, child.to_linear())
