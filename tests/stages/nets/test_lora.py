"""Low-rank adapters: no change before training, little to store, and merged into plain layers afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stages.nets.diffusion import Denoiser, Shape
from stages.nets.lora import insert_adapters, load_adapters, merge_adapter_state, merge_adapters, pack_adapters


def make_net() -> Denoiser:
    torch.manual_seed(0)
    net = Denoiser(Shape(latent_channels=2, width=16, depth=1))
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    return net


def compute_output(net: torch.nn.Module) -> torch.Tensor:
    x = torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        output: torch.Tensor = net(x, torch.tensor([5]), torch.full((1, 3), 0.3))
    return output


def train_briefly(net: torch.nn.Module, parameters: list[torch.nn.Parameter]) -> None:
    optimiser = torch.optim.SGD(parameters, lr=0.5)
    for _ in range(3):
        x = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(2))
        (net(x, torch.full((4,), 7), torch.full((4, 3), 0.3)) - 1).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()


@pytest.mark.parametrize("rank", [1, 4])
def test_a_net_with_fresh_adapters_computes_the_same(rank: int) -> None:
    net = make_net()
    before = compute_output(net)
    insert_adapters(net, rank)
    assert torch.equal(compute_output(net), before)


def test_only_the_adapters_train() -> None:
    net = make_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trained = insert_adapters(net, 2)
    assert sum(p.numel() for p in trained) < 0.3 * sum(p.numel() for p in net.parameters())
    train_briefly(net, trained)
    kept = {name.replace(".layer.", "."): value for name, value in net.state_dict().items() if not name.endswith((".down", ".up"))}
    assert all(torch.equal(value, before[name]) for name, value in kept.items())
    assert not torch.equal(compute_output(net), compute_output(make_net()))


def test_merged_layers_compute_the_same_and_are_plain() -> None:
    net = make_net()
    train_briefly(net, insert_adapters(net, 2))
    tuned, plain = compute_output(net), make_net()
    plain.load_state_dict(merge_adapter_state(net.state_dict()))
    assert torch.allclose(compute_output(plain), tuned, atol=1e-5)
    assert merge_adapter_state(plain.state_dict()).keys() == plain.state_dict().keys()
    merge_adapters(net)
    assert net.state_dict().keys() == make_net().state_dict().keys()
    assert torch.allclose(compute_output(net), tuned, atol=1e-5)


def test_adapters_are_written_and_loaded_without_their_net(tmp_path: Path) -> None:
    tuned, fresh, file = make_net(), make_net(), tmp_path / "adapters.safetensors"
    train_briefly(tuned, insert_adapters(tuned, 2))
    insert_adapters(fresh, 2)
    file.write_bytes(pack_adapters(tuned, {"licence": "CC0-1.0"}))
    load_adapters(fresh, file)
    assert torch.equal(compute_output(fresh), compute_output(tuned))


def test_adapters_of_another_rank_and_other_files_are_refused(tmp_path: Path) -> None:
    tuned, other, file = make_net(), make_net(), tmp_path / "adapters.safetensors"
    insert_adapters(tuned, 2)
    insert_adapters(other, 3)
    file.write_bytes(pack_adapters(tuned, {}))
    with pytest.raises(ValueError, match=r"^its adapters are of another net or another rank$"):
        load_adapters(other, file)
    file.write_text("notes")
    with pytest.raises(ValueError, match=r"^it is not a file of adapters \(Error while deserializing: header too small\)$"):
        load_adapters(other, file)


def test_a_net_with_adapters_loads_the_weights_of_the_plain_one() -> None:
    plain, tuned = make_net(), make_net()
    torch.nn.init.normal_(plain.time[0].weight)
    insert_adapters(tuned, 2)
    tuned.load_state_dict(plain.state_dict())
    assert torch.equal(compute_output(tuned), compute_output(plain))
