"""StyleGAN2: its parts do what their papers say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stages.nets import stylegan
from stages.nets.stylegan import Critic, Generator, Shape, adain, compute_batch_deviation, convolve_modulated

TINY = Shape(size=32, latent=8, styles=12, width=8, widest=16)


def make_generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_modulated_convolution_keeps_unit_variance_whatever_the_style() -> None:
    noise = make_generator(0)
    x, weight = torch.randn(4, 32, 32, 32, generator=noise), torch.randn(16, 32, 3, 3, generator=noise)
    for scale in (0.1, 1.0, 30.0):
        y = convolve_modulated(x, weight, torch.rand(4, 32, generator=noise) * scale + 0.01)
        assert 0.85 < float(y[:, :, 2:-2, 2:-2].std()) < 1.15


def test_scaling_input_and_output_equals_scaling_every_samples_kernel() -> None:
    noise = make_generator(1)
    x, weight, style = torch.randn(3, 5, 8, 8, generator=noise), torch.randn(4, 5, 3, 3, generator=noise), torch.rand(3, 5, generator=noise)
    kernel = weight[None] * style[:, None, :, None, None]
    kernel = kernel * torch.rsqrt(kernel.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    expected = torch.cat([torch.nn.functional.conv2d(x[i : i + 1], kernel[i], padding=1) for i in range(3)])
    assert torch.allclose(convolve_modulated(x, weight, style), expected, atol=1e-5)


def test_without_demodulation_the_style_scales_the_result() -> None:
    x, weight = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 1, 1)
    assert torch.allclose(convolve_modulated(x, weight, torch.full((1, 1), 3.0), demodulate=False), torch.full((1, 1, 3, 3), 3.0))


def test_adaptive_instance_normalisation_gives_every_channel_the_styles_mean_and_deviation() -> None:
    x = torch.randn(3, 4, 16, 16, generator=make_generator(2)) * 7 + 3
    scale, shift = torch.rand(3, 4, generator=make_generator(3)) + 0.5, torch.randn(3, 4, generator=make_generator(4))
    y = adain(x, scale, shift)
    assert torch.allclose(y.mean((2, 3)), shift, atol=1e-4)
    assert torch.allclose(y.std((2, 3), unbiased=False), scale, atol=1e-4)


@pytest.mark.parametrize("use_adain", [False, True])
@pytest.mark.parametrize("patch", [1, 2])
def test_the_generator_fills_its_size_and_the_critic_scores_it(use_adain: bool, patch: int) -> None:
    shape = Shape(size=32, latent=8, styles=12, width=8, widest=16, adain=use_adain, patch=patch)
    conditions = torch.full((2, 3), 0.5)
    images = Generator(shape)(torch.randn(2, 8, generator=make_generator(0)), conditions, noise=True)
    assert images.shape == (2, 6, 32, 32)
    assert Critic(shape)(images, conditions).shape == (2,)


def test_blending_removes_the_grid_of_patches_and_keeps_gradients() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    for wave in ((rows + columns) % 2, rows % 2):
        filtered = stylegan.apply_binomial_filter(0.3 + 0.2 * wave[None, None].float())
        assert torch.allclose(filtered[..., 1:-1, 1:-1], torch.tensor(0.4))
    gradient = torch.linspace(0, 1, 8).expand(1, 2, 8, 8)
    assert torch.allclose(stylegan.apply_binomial_filter(gradient)[..., 1:-1], gradient[..., 1:-1])
    torch.manual_seed(0)
    z, conditions = torch.randn(2, 8), torch.full((2, 3), 0.5)
    plain, smooth = Generator(TINY), Generator(replace(TINY, blend=True))
    smooth.load_state_dict(plain.state_dict())
    assert torch.allclose(smooth(z, conditions), stylegan.apply_binomial_filter(plain(z, conditions)), atol=1e-6)


def test_a_new_level_fades_in_without_a_jump() -> None:
    torch.manual_seed(0)
    net, critic, conditions = Generator(TINY), Critic(TINY), torch.full((4, 3), 0.5)
    z = torch.randn(4, 8)
    net.grown[0] -= 1
    small = net(z, conditions)
    assert small.shape[-1] == 16
    net.grown[0] += 1
    net.grown[1] = 0.0
    large = net(z, conditions)
    doubled = torch.nn.functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(large, doubled, atol=1e-5)
    pooled = torch.nn.functional.avg_pool2d(large, 2)
    assert torch.allclose(critic(large, conditions, newest=0.0), critic(pooled, conditions), atol=1e-5)
    assert torch.allclose(critic(large, conditions, newest=1.0), critic(large, conditions))


def test_generated_images_have_full_size_while_the_net_still_grows() -> None:
    net = Generator(TINY)
    net.grown[0] -= 2
    images = stylegan.generate({"generator": net}, torch.zeros(2, 8), torch.full((2, 3), 0.5))
    assert images.shape == (2, 6, 32, 32)


def test_truncation_moves_styles_towards_the_mean_of_their_own_conditions() -> None:
    torch.manual_seed(1)
    net, conditions = Generator(TINY), torch.rand(6, 3)
    styles = net.map_styles(torch.randn(6, 8), conditions)
    centre = net.truncate_styles(styles, conditions, 0.0)
    half = net.truncate_styles(styles, conditions, 0.5)
    assert torch.allclose(half, (styles + centre) / 2, atol=1e-5)
    assert net.truncate_styles(styles, conditions, 1.0) is styles
    assert float((centre[0] - centre[1]).abs().max()) > 1e-3


def test_noise_comes_from_its_seed_alone() -> None:
    net = Generator(TINY)
    with torch.no_grad():
        for layer in net.first:
            layer.strength.fill_(0.5)
    z, conditions = torch.zeros(1, 8), torch.full((1, 3), 0.5)
    assert torch.equal(net(z, conditions, make_generator(5)), net(z, conditions, make_generator(5)))
    assert not torch.equal(net(z, conditions, make_generator(5)), net(z, conditions, make_generator(6)))


def test_equal_images_have_no_batch_deviation() -> None:
    assert float(compute_batch_deviation(torch.ones(4, 3, 4, 4)).max()) < 1e-3


@pytest.mark.parametrize("patch", [1, 2])
def test_grown_nets_compute_the_same_until_their_new_level_fades_in(patch: int) -> None:
    torch.manual_seed(2)
    start = replace(TINY, size=16, width=8, patch=patch)
    target = replace(start, size=32, width=4)
    z, conditions = torch.randn(4, 8), torch.rand(4, 3)
    small, large = (Generator(start), Critic(start)), (Generator(target), Critic(target))
    for before, after in zip(small, large, strict=True):
        coarse = stylegan.grow_state(before.state_dict(), start, target)
        assert coarse is not None
        after.load_state_dict({**after.state_dict(), **coarse})
    large[0].grown[0] -= 1
    images = large[0](z, conditions)
    assert torch.allclose(images, small[0](z, conditions), atol=1e-6)
    assert torch.allclose(large[1](images, conditions), small[1](images, conditions), atol=1e-5)


def test_nets_of_another_kind_do_not_grow_into_each_other() -> None:
    state = Generator(TINY).state_dict()
    assert stylegan.grow_state(state, TINY, TINY) is None
    assert stylegan.grow_state(state, TINY, replace(TINY, size=64)) is None  # its levels are wider
    assert stylegan.grow_state(state, TINY, replace(TINY, size=64, width=TINY.width // 2, styles=20)) is None
