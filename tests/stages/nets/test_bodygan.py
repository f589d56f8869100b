"""The body GAN: vectors stay within the limits of the data, and age is encoded finely where bodies grow."""

from __future__ import annotations

import torch

from stages.nets.bodygan import AGE_ANCHORS, Critic, Generator, Shape, encode_age_gender, generate


def test_the_hats_of_any_age_sum_to_one() -> None:
    ages = torch.linspace(0, 1, 101)
    hats = encode_age_gender(torch.stack([ages, torch.zeros(101)], 1))[:, :AGE_ANCHORS]
    assert torch.allclose(hats.sum(1), torch.ones(101), atol=1e-6)
    assert (hats >= 0).all()


def test_childhood_has_more_hats_than_old_age() -> None:
    def compute_distance(young: float, old: float) -> float:
        hats = encode_age_gender(torch.tensor([[young, 0.5], [old, 0.5]]))
        return float((hats[0] - hats[1]).abs().sum())

    assert compute_distance(0.04, 0.08) > 2 * compute_distance(0.64, 0.68)


def test_no_latent_leaves_the_limits_of_the_data() -> None:
    torch.manual_seed(0)
    net = Generator(Shape(("a", "b", "c"), width=16))
    net.low.copy_(torch.tensor([0.0, -1.0, 0.2]))
    net.high.copy_(torch.tensor([1.0, 1.0, 0.4]))
    vectors = generate({"generator": net}, 50 * torch.randn(64, 32), torch.rand(64, 2))
    assert (vectors >= net.low).all()
    assert (vectors <= net.high).all()


def test_the_critic_standardises_its_input() -> None:
    torch.manual_seed(0)
    critic, x, condition = Critic(Shape(("a", "b", "c", "d"), width=16)), torch.randn(5, 4), torch.rand(5, 2)
    plain = critic(x, condition)
    critic.centre.fill_(2.0)
    critic.spread.fill_(3.0)
    assert torch.allclose(critic(x * 3 + 2, condition), plain, atol=1e-5)
