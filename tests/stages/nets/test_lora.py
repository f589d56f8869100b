"""Low-rank adapters: nothing before training, little to store, one plain layer after."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stages.nets.diffusion import Denoiser, Shape
from stages.nets.lora import insert_adapters, load_adapters, merge_adapter_state, merge_adapters, pack_adapters


def model() -> Denoiser:
    torch.manual_seed(0)
    made = Denoiser(Shape(latent_channels=2, width=16, depth=1))
    torch.nn.init.normal_(made.leave.weight, std=0.1)
    return made


def out(net: torch.nn.Module) -> torch.Tensor:
    x = torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made: torch.Tensor = net(x, torch.tensor([5]), torch.full((1, 3), 0.3))
    return made


def train_a_little(net: torch.nn.Module, parameters: list[torch.nn.Parameter]) -> None:
    optimiser = torch.optim.SGD(parameters, lr=0.5)
    for _ in range(3):
        x = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(2))
        (net(x, torch.full((4,), 7), torch.full((4, 3), 0.3)) - 1).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()


@pytest.mark.parametrize("rank", [1, 4])
def test_an_adapted_net_starts_as_itself(rank: int) -> None:
    net = model()
    before = out(net)
    insert_adapters(net, rank)
    assert torch.equal(out(net), before)


def test_only_the_adapters_train() -> None:
    net = model()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trained = insert_adapters(net, 2)
    assert sum(p.numel() for p in trained) < 0.3 * sum(p.numel() for p in net.parameters())
    train_a_little(net, trained)
    kept = {name.replace(".layer.", "."): value for name, value in net.state_dict().items() if not name.endswith((".down", ".up"))}
    assert all(torch.equal(value, before[name]) for name, value in kept.items())
    assert not torch.equal(out(net), out(model()))


def test_merged_layers_do_the_same_and_are_plain() -> None:
    net = model()
    train_a_little(net, insert_adapters(net, 2))
    tuned, plain = out(net), model()
    plain.load_state_dict(merge_adapter_state(net.state_dict()))
    assert torch.allclose(out(plain), tuned, atol=1e-5)
    assert merge_adapter_state(plain.state_dict()).keys() == plain.state_dict().keys()
    merge_adapters(net)
    assert net.state_dict().keys() == model().state_dict().keys()
    assert torch.allclose(out(net), tuned, atol=1e-5)


def test_adapters_travel_alone(tmp_path: Path) -> None:
    tuned, fresh, file = model(), model(), tmp_path / "adapters.safetensors"
    train_a_little(tuned, insert_adapters(tuned, 2))
    insert_adapters(fresh, 2)
    file.write_bytes(pack_adapters(tuned, {"licence": "CC0-1.0"}))
    load_adapters(fresh, file)
    assert torch.equal(out(fresh), out(tuned))


def test_adapters_of_another_rank_and_what_is_none_are_refused(tmp_path: Path) -> None:
    tuned, other, file = model(), model(), tmp_path / "adapters.safetensors"
    insert_adapters(tuned, 2)
    insert_adapters(other, 3)
    file.write_bytes(pack_adapters(tuned, {}))
    with pytest.raises(ValueError, match="another rank"):
        load_adapters(other, file)
    file.write_text("notes")
    with pytest.raises(ValueError, match="it is no file of adapters"):
        load_adapters(other, file)


def test_an_adapted_net_loads_weights_of_the_plain_one() -> None:
    plain, tuned = model(), model()
    torch.nn.init.normal_(plain.told[0].weight)
    insert_adapters(tuned, 2)
    tuned.load_state_dict(plain.state_dict())
    assert torch.equal(out(tuned), out(plain))
