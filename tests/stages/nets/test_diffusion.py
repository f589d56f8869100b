"""Latent diffusion: its parts do what their papers say, on tiny nets."""

from __future__ import annotations

import math

import pytest
import torch

from stages.nets.autoencoder import Autoencoder, mean_kl_divergence
from stages.nets.blocks import Attention
from stages.nets.diffusion import (
    Denoiser,
    Shape,
    build_nets,
    compute_velocity,
    ddim,
    embed_timesteps,
    generate,
    make_cosine_schedule,
    make_guided_predictor,
    p_sample,
    q_sample,
    select_ddim_steps,
    split_velocity,
)

SCHEDULE = make_cosine_schedule(100)


def make_generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_tiny_denoiser(seed: int = 0) -> Denoiser:
    """A tiny net whose last layers are not zero, so that conditions have an effect."""
    torch.manual_seed(seed)
    net = Denoiser(Shape(latent_channels=2, width=16, depth=1))
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    torch.nn.init.normal_(net.untold, std=1.0)
    for block in (*net.down, *net.low, *net.middle, *net.up):
        torch.nn.init.normal_(block.conv2.weight, std=0.05)
    return net.eval()


@pytest.mark.parametrize("step", [1, 250, 500, 900])
def test_the_cosine_schedule_has_its_known_values(step: int) -> None:
    level = [math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in (0, step)]
    assert float(make_cosine_schedule(1000)[step - 1]) == pytest.approx(level[1] / level[0], rel=1e-4)


def test_the_schedule_falls_from_nearly_all_to_nearly_nothing() -> None:
    abar = make_cosine_schedule(1000)
    assert float(abar[0]) > 0.9999
    assert float(abar[-1]) < 1e-5
    assert (abar[1:] < abar[:-1]).all()
    assert (1 - abar[1:] / abar[:-1]).max() <= 0.9991


@pytest.mark.parametrize("t", [0, 40, 99])
def test_q_sample_has_the_mean_and_variance_of_the_paper(t: int) -> None:
    x0 = torch.full((20000, 1), 1.5)
    x = q_sample(x0, torch.full((20000,), t), torch.randn(20000, 1, generator=make_generator()), SCHEDULE)
    abar = float(SCHEDULE[t])
    assert float(x.mean()) == pytest.approx(math.sqrt(abar) * 1.5, abs=0.03)
    assert float(x.var()) == pytest.approx(1 - abar, abs=0.03)


def test_velocity_and_noisy_image_give_image_and_noise_back() -> None:
    x0, e = torch.randn(5, 2, 4, 4, generator=make_generator(1)), torch.randn(5, 2, 4, 4, generator=make_generator(2))
    t = torch.tensor([0, 10, 50, 90, 99])
    clean, noise = split_velocity(q_sample(x0, t, e, SCHEDULE), compute_velocity(x0, t, e, SCHEDULE), t, SCHEDULE)
    assert torch.allclose(clean, x0, atol=1e-4)
    assert torch.allclose(noise, e, atol=1e-4)


def test_an_ancestral_step_keeps_the_forward_process_s_statistics() -> None:
    # x_t drawn from q and one true step back must look like x_{t-1} drawn from q.
    count, at = 40000, 60
    x0, e, t = torch.full((count, 1), 0.7), torch.randn(count, 1, generator=make_generator(1)), torch.full((count,), at)
    back = p_sample(
        q_sample(x0, t, e, SCHEDULE), compute_velocity(x0, t, e, SCHEDULE), t, torch.randn(count, 1, generator=make_generator(2)), SCHEDULE
    )
    abar = float(SCHEDULE[at - 1])
    assert float(back.mean()) == pytest.approx(math.sqrt(abar) * 0.7, abs=0.02)
    assert float(back.var()) == pytest.approx(1 - abar, abs=0.02)


def test_the_last_ancestral_step_is_the_clean_image_whatever_the_noise() -> None:
    x0, e = torch.randn(3, 1, generator=make_generator(1)), torch.randn(3, 1, generator=make_generator(2))
    t = torch.zeros(3, dtype=torch.long)
    back = p_sample(q_sample(x0, t, e, SCHEDULE), compute_velocity(x0, t, e, SCHEDULE), t, torch.full((3, 1), 9.0), SCHEDULE)
    assert torch.allclose(back, x0, atol=1e-4)


def test_ddim_with_a_perfect_net_finds_the_image_in_few_steps() -> None:
    x0 = torch.randn(2, 2, 4, 4, generator=make_generator(1))

    def predict_perfectly(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        abar = SCHEDULE[t].reshape(-1, 1, 1, 1)
        noise = (x - abar.sqrt() * x0) / (1 - abar).sqrt()
        return abar.sqrt() * noise - (1 - abar).sqrt() * x0

    assert torch.allclose(ddim(predict_perfectly, torch.randn(2, 2, 4, 4, generator=make_generator(2)), SCHEDULE, 10), x0, atol=1e-3)


def test_ddim_is_deterministic_and_depends_on_its_noise() -> None:
    condition, start = torch.full((2, 3), 0.5), torch.randn(2, 2, 8, 8, generator=make_generator(3))
    with torch.no_grad():
        predict = make_guided_predictor(make_tiny_denoiser(), condition, 2.0)
        first, again = ddim(predict, start, SCHEDULE, 8), ddim(predict, start, SCHEDULE, 8)
        other = ddim(predict, -start, SCHEDULE, 8)
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_ddim_runs_from_the_noisiest_time_to_the_first() -> None:
    times = select_ddim_steps(25)
    assert (times[0], times[-1], len(times)) == (999, 0, 25)
    assert times == sorted(times, reverse=True)


def test_guidance_of_scale_one_is_the_conditional_net_and_of_scale_zero_the_unconditional_one() -> None:
    net, condition = make_tiny_denoiser(), torch.tensor([[0.2, 1.0, 0.9]])
    x, t = torch.randn(1, 2, 8, 8, generator=make_generator(4)), torch.tensor([30])
    with torch.no_grad():
        conditional, unconditional = net(x, t, condition), net(x, t, None)
        assert torch.equal(make_guided_predictor(net, condition, 1)(x, t), conditional)
        assert torch.equal(make_guided_predictor(net, condition, 0)(x, t), unconditional)
        expected = unconditional + 3 * (conditional - unconditional)
        assert torch.allclose(make_guided_predictor(net, condition, 3)(x, t), expected, atol=1e-6)
    assert not torch.allclose(conditional, unconditional)


def test_a_dropped_condition_is_no_condition() -> None:
    net, condition = make_tiny_denoiser(), torch.rand(2, 3, generator=make_generator(5))
    x, t = torch.randn(2, 2, 8, 8, generator=make_generator(6)), torch.tensor([3, 70])
    with torch.no_grad():
        mixed = net(x, t, condition, torch.tensor([True, False]))
        assert torch.allclose(mixed[0], net(x, t, None)[0], atol=1e-5)
        assert torch.allclose(mixed[1], net(x, t, condition)[1], atol=1e-5)


def test_every_time_has_its_own_embedding() -> None:
    features = embed_timesteps(torch.arange(1000), 32)
    assert torch.cdist(features, features).fill_diagonal_(1).min() > 1e-3


def test_attention_starts_as_the_identity_and_is_equivariant_to_permutations_of_positions() -> None:
    torch.manual_seed(0)
    attention = Attention(16)
    x = torch.randn(1, 16, 4, 4)
    assert torch.equal(attention(x), x)
    torch.nn.init.normal_(attention.out.weight)
    order = torch.randperm(16)
    shuffled = x.flatten(2)[:, :, order].reshape(1, 16, 4, 4)
    assert torch.allclose(attention(x).flatten(2)[:, :, order], attention(shuffled).flatten(2), atol=1e-5)


def test_the_autoencoder_returns_an_image_of_the_size_it_was_given() -> None:
    torch.manual_seed(0)
    model = Autoencoder(colours=3, size=32, channels=4, width=8)
    x = torch.randn(2, 3, 32, 32)
    assert model.encode(x).shape == (2, 4, 4, 4)
    assert model.decode(model.encode(x)).shape == x.shape


def test_the_latents_scale_does_not_change_the_image() -> None:
    torch.manual_seed(0)
    model = Autoencoder(colours=3, size=32, channels=4, width=8).eval()
    x = torch.randn(1, 3, 32, 32)
    plain, latent = model.decode(model.encode(x)), model.encode(x)
    model.scale.fill_(3.0)
    assert torch.allclose(model.encode(x), 3 * latent)
    assert torch.allclose(model.decode(model.encode(x)), plain, atol=1e-5)


def test_the_divergence_of_the_standard_normal_from_itself_is_zero() -> None:
    assert float(mean_kl_divergence(torch.zeros(3), torch.zeros(3))) == 0
    assert float(mean_kl_divergence(torch.full((3,), 2.0), torch.zeros(3))) == pytest.approx(2.0)


def test_the_same_noise_makes_the_same_image_and_conditions_matter() -> None:
    torch.manual_seed(0)
    shape = Shape(size=32, channels=3, latent_channels=2, autoencoder_width=8, width=16, depth=1, steps=5)
    nets = build_nets(shape) | {"denoiser": make_tiny_denoiser()}
    nets["denoiser"].shape = shape
    latents, conditions = torch.randn(2, shape.latent, generator=make_generator(7)), torch.rand(2, 3, generator=make_generator(8))
    with torch.no_grad():
        first = generate(nets, latents, conditions)
        assert first.shape == (2, 3, 32, 32)
        assert torch.equal(first, generate(nets, latents, conditions))
        assert not torch.allclose(first, generate(nets, latents, 1 - conditions), atol=1e-5)
        assert torch.allclose(first[1:], generate(nets, latents[1:], conditions[1:]), atol=1e-5)


def test_a_size_that_the_autoencoder_cannot_halve_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^size must be a multiple of 16, not 24$"):
        Shape(size=24)
