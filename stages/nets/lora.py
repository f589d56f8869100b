"""Low-rank adaptation (Hu et al. 2021): frozen linear layers with a trainable product of two thin matrices beside each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


class LoraLinear(nn.Module):  # type: ignore[misc]
    """A frozen linear layer plus up(down(x)) * gain; `up` starts at zero, so that nothing changes before training."""

    def __init__(self, layer: nn.Linear, rank: int, gain: float = 1.0) -> None:
        super().__init__()
        self.layer, self.gain = layer, gain
        self.down = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank))
        self.register_load_state_dict_pre_hook(_accept_plain_state)

    def forward(self, x: Tensor) -> Tensor:
        """(...,out)."""
        return self.layer(x) + x @ self.down.T @ self.up.T * self.gain

    def to_linear(self) -> nn.Linear:
        """One plain layer that does the same."""
        whole = nn.Linear(self.layer.in_features, self.layer.out_features, bias=self.layer.bias is not None)
        whole.load_state_dict(self.layer.state_dict())
        with torch.no_grad():
            whole.weight += self.up @ self.down * self.gain
        return whole


def _accept_plain_state(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Lets weights of the plain net be loaded: what they call x is the frozen layer, and the adapter stays as it is."""
    for name in ("weight", "bias"):
        if f"{prefix}{name}" in state:
            state[f"{prefix}layer.{name}"] = state.pop(f"{prefix}{name}")
            state |= {f"{prefix}{own}": getattr(module, own).detach() for own in ("down", "up") if f"{prefix}{own}" not in state}


def insert_adapters(net: nn.Module, rank: int, gain: float = 1.0) -> list[nn.Parameter]:
    """Puts an adapter on every linear layer of the net, freezes all else, and returns what is left to train."""
    net.requires_grad_(False)
    places = [(parent, name) for parent in net.modules() for name, child in parent.named_children() if isinstance(child, nn.Linear)]
    for parent, name in places:
        setattr(parent, name, LoraLinear(getattr(parent, name), rank, gain))
    return [p for p in net.parameters() if p.requires_grad]


def collect_adapters(net: nn.Module) -> dict[str, Tensor]:
    """What an adaptation's file holds: the thin matrices alone, by their names in the net."""
    return {name: value for name, value in net.state_dict().items() if name.endswith((".down", ".up"))}


def pack_adapters(net: nn.Module, facts: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file of the net's adapters; `facts` (data, licence, consent, ...) travel in its header."""
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in collect_adapters(net).items()}
    content: bytes = save(tensors, metadata={"fenshen": json.dumps({"adapters": "lora", **facts})})
    return content


def load_adapters(net: nn.Module, file: Path) -> None:
    """Puts a file's adapters into an adapted net.

    Raises:
        ValueError: the file cannot be read, or its names or shapes are another net's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        own, tensors = collect_adapters(net), load(file.read_bytes())
    except (OSError, SafetensorError) as error:
        raise ValueError(f"it is no file of adapters ({error})") from error
    if own.keys() != tensors.keys() or any(own[name].shape != value.shape for name, value in tensors.items()):
        raise ValueError("its adapters belong to another net, or to another rank")
    net.load_state_dict(tensors, strict=False)


def merge_adapter_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of the plain net that does what the net of an adapted state does; a plain one as it is."""
    plain = dict(state)
    for place in [name.removesuffix(".up") for name in state if name.endswith(".up") and f"{name.removesuffix('.up')}.down" in state]:
        plain[f"{place}.weight"] = plain.pop(f"{place}.layer.weight") + plain.pop(f"{place}.up") @ plain.pop(f"{place}.down")
        if f"{place}.layer.bias" in plain:
            plain[f"{place}.bias"] = plain.pop(f"{place}.layer.bias")
    return plain


def merge_adapters(net: nn.Module) -> None:
    """Turns every adapter and its layer into one plain layer again."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLinear):
                setattr(parent, name, child.to_linear())
