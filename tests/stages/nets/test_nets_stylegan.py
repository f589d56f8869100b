"""The style-based generator's parts against what their papers promise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stages.nets import stylegan
from stages.nets.stylegan import Critic, Generator, Shape, adain, compute_batch_deviation, modulated_conv2d

TINY = Shape(size=32, latent=8, styles=12, width=8, widest=16)


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def test_a_modulated_convolution_keeps_unit_variance_whatever_the_style() -> None:
    noise = seeded(0)
    x, weight = torch.randn(4, 32, 32, 32, generator=noise), torch.randn(16, 32, 3, 3, generator=noise)
    for scale in (0.1, 1.0, 30.0):
        y = modulated_conv2d(x, weight, torch.rand(4, 32, generator=noise) * scale + 0.01)
        assert 0.85 < float(y[:, :, 2:-2, 2:-2].std()) < 1.15


def test_scaling_input_and_output_equals_scaling_every_samples_kernel() -> None:
    noise = seeded(1)
    x, weight, style = torch.randn(3, 5, 8, 8, generator=noise), torch.randn(4, 5, 3, 3, generator=noise), torch.rand(3, 5, generator=noise)
    kernel = weight[None] * style[:, None, :, None, None]
    kernel = kernel * torch.rsqrt(kernel.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    told = torch.cat([torch.nn.functional.conv2d(x[i : i + 1], kernel[i], padding=1) for i in range(3)])
    assert torch.allclose(modulated_conv2d(x, weight, style), told, atol=1e-5)


def test_without_demodulation_the_style_scales_the_result() -> None:
    x, weight = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 1, 1)
    assert torch.allclose(modulated_conv2d(x, weight, torch.full((1, 1), 3.0), demodulate=False), torch.full((1, 1, 3, 3), 3.0))


def test_adaptive_instance_normalisation_gives_every_channel_the_styles_mean_and_deviation() -> None:
    x = torch.randn(3, 4, 16, 16, generator=seeded(2)) * 7 + 3
    scale, shift = torch.rand(3, 4, generator=seeded(3)) + 0.5, torch.randn(3, 4, generator=seeded(4))
    y = adain(x, scale, shift)
    assert torch.allclose(y.mean((2, 3)), shift, atol=1e-4)
    assert torch.allclose(y.std((2, 3), unbiased=False), scale, atol=1e-4)


@pytest.mark.parametrize("use_adain", [False, True])
@pytest.mark.parametrize("patch", [1, 2])
def test_generator_fills_its_size_and_the_critic_scores_it(use_adain: bool, patch: int) -> None:
    shape = Shape(size=32, latent=8, styles=12, width=8, widest=16, adain=use_adain, patch=patch)
    told = torch.full((2, 3), 0.5)
    made = Generator(shape)(torch.randn(2, 8, generator=seeded(0)), told, grain=True)
    assert made.shape == (2, 6, 32, 32)
    assert Critic(shape)(made, told).shape == (2,)


def test_blending_takes_out_the_grid_of_patches_and_leaves_level_colours() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    for wave in ((rows + columns) % 2, rows % 2):
        made = stylegan.apply_binomial_filter(0.3 + 0.2 * wave[None, None].float())
        assert torch.allclose(made[..., 1:-1, 1:-1], torch.tensor(0.4))
    slow = torch.linspace(0, 1, 8).expand(1, 2, 8, 8)
    assert torch.allclose(stylegan.apply_binomial_filter(slow)[..., 1:-1], slow[..., 1:-1])
    torch.manual_seed(0)
    z, told = torch.randn(2, 8), torch.full((2, 3), 0.5)
    plain, smooth = Generator(TINY), Generator(replace(TINY, blend=True))
    smooth.load_state_dict(plain.state_dict())
    assert torch.allclose(smooth(z, told), stylegan.apply_binomial_filter(plain(z, told)), atol=1e-6)


def test_a_grown_level_comes_in_without_a_jump() -> None:
    torch.manual_seed(0)
    net, critic, told = Generator(TINY), Critic(TINY), torch.full((4, 3), 0.5)
    z = torch.randn(4, 8)
    net.grown[0] -= 1
    small = net(z, told)
    assert small.shape[-1] == 16
    net.grown[0] += 1
    net.grown[1] = 0.0
    large = net(z, told)
    doubled = torch.nn.functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(large, doubled, atol=1e-5)
    pooled = torch.nn.functional.avg_pool2d(large, 2)
    assert torch.allclose(critic(large, told, newest=0.0), critic(pooled, told), atol=1e-5)
    assert torch.allclose(critic(large, told, newest=1.0), critic(large, told))


def test_pictures_have_their_whole_size_while_the_net_still_grows() -> None:
    net = Generator(TINY)
    net.grown[0] -= 2
    made = stylegan.generate({"generator": net}, torch.zeros(2, 8), torch.full((2, 3), 0.5))
    assert made.shape == (2, 6, 32, 32)


def test_truncation_draws_styles_towards_the_mean_of_their_own_conditions() -> None:
    torch.manual_seed(1)
    net, told = Generator(TINY), torch.rand(6, 3)
    styles = net.map_styles(torch.randn(6, 8), told)
    centre = net.truncate_styles(styles, told, 0.0)
    half = net.truncate_styles(styles, told, 0.5)
    assert torch.allclose(half, (styles + centre) / 2, atol=1e-5)
    assert net.truncate_styles(styles, told, 1.0) is styles
    assert float((centre[0] - centre[1]).abs().max()) > 1e-3


def test_noise_comes_from_its_seed_alone() -> None:
    net = Generator(TINY)
    with torch.no_grad():
        for layer in net.first:
            layer.strength.fill_(0.5)
    z, told = torch.zeros(1, 8), torch.full((1, 3), 0.5)
    assert torch.equal(net(z, told, seeded(5)), net(z, told, seeded(5)))
    assert not torch.equal(net(z, told, seeded(5)), net(z, told, seeded(6)))


def test_equal_pictures_have_no_batch_deviation() -> None:
    assert float(compute_batch_deviation(torch.ones(4, 3, 4, 4)).max()) < 1e-3


@pytest.mark.parametrize("patch", [1, 2])
def test_nets_grow_into_taller_ones_that_see_and_make_the_same_until_a_level_comes_in(patch: int) -> None:
    torch.manual_seed(2)
    short = replace(TINY, size=16, width=8, patch=patch)
    tall = replace(short, size=32, width=4)
    z, told = torch.randn(4, 8), torch.rand(4, 3)
    small, large = (Generator(short), Critic(short)), (Generator(tall), Critic(tall))
    for before, after in zip(small, large, strict=True):
        coarse = stylegan.grow_state(before.state_dict(), short, tall)
        assert coarse is not None
        after.load_state_dict({**after.state_dict(), **coarse})
    large[0].grown[0] -= 1
    made = large[0](z, told)
    assert torch.allclose(made, small[0](z, told), atol=1e-6)
    assert torch.allclose(large[1](made, told), small[1](made, told), atol=1e-5)


def test_nets_of_another_kind_do_not_grow_into_each_other() -> None:
    state = Generator(TINY).state_dict()
    assert stylegan.grow_state(state, TINY, TINY) is None
    assert stylegan.grow_state(state, TINY, replace(TINY, size=64)) is None  # its levels are wider
    assert stylegan.grow_state(state, TINY, replace(TINY, size=64, width=TINY.width // 2, styles=20)) is None
