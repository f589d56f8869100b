"""The U-Net generator and its critic on tiny tiles."""

from __future__ import annotations

import pytest
import torch

from stages.nets.conditional_mean import expand_conditions
from stages.nets.unet import Critic, Encoder, Generator, LinearBaseline, Shape, build_nets, compute_feature_matching_loss, generate

TINY = Shape(size=32, maps=5, latent=8, styles=16, widths=(8, 16), components=3)
CONDITION = torch.tensor([[0.3, 0.0, 0.2], [0.7, 1.0, 0.8]])


def make_generator() -> Generator:
    torch.manual_seed(0)
    net = Generator(TINY)
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    return net.eval()


def test_input_planes_hold_geometry_attributes_and_the_latent() -> None:
    net = make_generator()
    net.maps.copy_(torch.rand(5, 32, 32))
    planes = net.build_input_planes(torch.zeros(2, 8), CONDITION)
    assert planes.shape == (2, 5 + 3 + 4, 32, 32)
    assert torch.equal(planes[1, :5], net.maps)
    assert torch.allclose(planes[1, 7], torch.full((32, 32), 0.6))


def test_the_skin_depends_on_latent_condition_and_geometry() -> None:
    net, z = make_generator(), torch.randn(2, 8)
    with torch.no_grad():
        skins = net(z, CONDITION)
        assert skins.shape == (2, 6, 32, 32)
        assert torch.equal(skins, generate({"generator": net}, z, CONDITION))
        assert not torch.allclose(skins, net(-z, CONDITION), atol=1e-4)
        assert not torch.allclose(skins, net(z, 1 - CONDITION), atol=1e-4)
        net.maps.fill_(1)
        assert not torch.allclose(skins, net(z, CONDITION), atol=1e-4)


def test_an_untrained_generator_almost_reproduces_the_regression() -> None:
    torch.manual_seed(0)
    net = Generator(TINY)
    net.linear.told[0], net.linear.told[3] = 0.25, -0.5  # the constant and the slope of the tone
    skins = net(torch.randn(2, 8), CONDITION)
    assert (skins[0] - (0.25 - 0.1)).abs().max() < 0.05
    assert (skins[1] - (0.25 - 0.4)).abs().max() < 0.05


def test_a_weights_file_holds_the_generator_alone() -> None:
    assert list(build_nets(TINY)) == ["generator"]


@pytest.mark.parametrize(("size", "components", "message"), [
    (24, 3, "size must be a multiple of 16, not 24"), (32, 9, r"components must be at most latent \(8\), not 9"),
])  # fmt: skip
def test_a_shape_that_cannot_be_built_is_refused(size: int, components: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Shape(size=size, latent=8, components=components)


def test_the_whole_generator_has_fewer_than_three_million_parameters() -> None:
    assert sum(p.numel() for p in Generator(Shape()).parameters()) < 3e6


def test_the_critic_scores_patches_and_returns_a_feature_map_per_block() -> None:
    torch.manual_seed(0)
    critic, x = Critic(TINY), torch.randn(2, 6, 32, 32)
    features = critic.extract_features(x)
    assert [tuple(f.shape) for f in features] == [(2, 8, 16, 16), (2, 16, 8, 8)]
    assert critic.score(features, CONDITION).shape == (2, 8, 8)
    assert torch.allclose(critic(x, CONDITION), critic.score(features, CONDITION).mean((1, 2)))


def test_the_feature_matching_loss_of_a_skin_and_itself_is_zero() -> None:
    critic, x = Critic(TINY), torch.randn(2, 6, 32, 32)
    assert float(compute_feature_matching_loss(critic.extract_features(x), critic.extract_features(x))) == 0
    assert float(compute_feature_matching_loss(critic.extract_features(x), critic.extract_features(-x))) > 0


def test_the_coefficients_of_a_linear_skin_are_its_latent() -> None:
    torch.manual_seed(0)
    linear = LinearBaseline(Shape(size=16, latent=8, components=3))
    linear.told.normal_()
    linear.basis.copy_((torch.linalg.qr(torch.randn(6 * 256, 3))[0] * torch.tensor([3.0, 2.0, 1.0])).T.reshape(3, 6, 16, 16))
    z, features = torch.randn(2, 8), expand_conditions(CONDITION)
    assert torch.allclose(linear.fit_coefficients(linear(z, features), features), z[:, :3], atol=1e-4)


def test_the_untrained_encoder_returns_the_linear_coefficients_with_a_small_variance() -> None:
    start = torch.tensor([[0.5, -1.0, 2.0]]).repeat(2, 1)
    mean, log_variance = Encoder(TINY, width=8)(torch.randn(2, 6, 64, 64), start)
    assert torch.equal(mean, torch.nn.functional.pad(start, (0, 5)))
    assert torch.equal(log_variance, torch.full((2, 8), -3.0))


def test_activations_of_an_untrained_critic_of_full_depth_do_not_vanish() -> None:
    # With torch's default init its scores differed by a thousandth, and it separated nothing in 275 steps.
    torch.manual_seed(0)
    critic = Critic(Shape(size=64, maps=2))
    with torch.no_grad():
        features = critic.extract_features(torch.randn(4, 6, 64, 64))
    assert float(features[-1].std()) > 0.3
