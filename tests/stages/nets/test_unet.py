"""The U-Net generator and its critic on tiny tiles."""

from __future__ import annotations

import torch

from stages.nets.unet import (
    Critic,
    Encoder,
    Generator,
    LinearBaseline,
    Shape,
    build_nets,
    compute_condition_features,
    compute_feature_matching_loss,
    generate,
)

TINY = Shape(size=32, maps=5, latent=8, styles=16, widths=(8, 16), components=3)
CONDITION = torch.tensor([[0.3, 0.0, 0.2], [0.7, 1.0, 0.8]])


def generator() -> Generator:
    torch.manual_seed(0)
    net = Generator(TINY)
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    return net.eval()


def test_fields_carry_geometry_attributes_and_the_latent() -> None:
    net = generator()
    net.maps.copy_(torch.rand(5, 32, 32))
    fields = net.build_input_planes(torch.zeros(2, 8), CONDITION)
    assert fields.shape == (2, 5 + 3 + 4, 32, 32)
    assert torch.equal(fields[1, :5], net.maps)
    assert torch.allclose(fields[1, 7], torch.full((32, 32), 0.6))


def test_the_skin_follows_latent_condition_and_geometry() -> None:
    net, z = generator(), torch.randn(2, 8)
    with torch.no_grad():
        made = net(z, CONDITION)
        assert made.shape == (2, 6, 32, 32)
        assert torch.equal(made, generate({"generator": net}, z, CONDITION))
        assert not torch.allclose(made, net(-z, CONDITION), atol=1e-4)
        assert not torch.allclose(made, net(z, 1 - CONDITION), atol=1e-4)
        net.maps.fill_(1)
        assert not torch.allclose(made, net(z, CONDITION), atol=1e-4)


def test_a_fresh_generator_makes_nearly_what_the_regression_tells() -> None:
    torch.manual_seed(0)
    net = Generator(TINY)
    net.linear.told[0], net.linear.told[3] = 0.25, -0.5  # a constant, and what the tone takes away
    made = net(torch.randn(2, 8), CONDITION)
    assert (made[0] - (0.25 - 0.1)).abs().max() < 0.05
    assert (made[1] - (0.25 - 0.4)).abs().max() < 0.05


def test_one_net_is_shipped() -> None:
    assert list(build_nets(TINY)) == ["generator"]


def test_the_whole_generator_stays_under_three_million_parameters() -> None:
    assert sum(p.numel() for p in Generator(Shape()).parameters()) < 3e6


def test_the_critic_scores_patches_and_shows_a_feature_map_a_block() -> None:
    torch.manual_seed(0)
    critic, x = Critic(TINY), torch.randn(2, 6, 32, 32)
    seen = critic.extract_features(x)
    assert [tuple(f.shape) for f in seen] == [(2, 8, 16, 16), (2, 16, 8, 8)]
    assert critic.score(seen, CONDITION).shape == (2, 8, 8)
    assert torch.allclose(critic(x, CONDITION), critic.score(seen, CONDITION).mean((1, 2)))


def test_features_of_the_same_skin_match() -> None:
    critic, x = Critic(TINY), torch.randn(2, 6, 32, 32)
    assert float(compute_feature_matching_loss(critic.extract_features(x), critic.extract_features(x))) == 0
    assert float(compute_feature_matching_loss(critic.extract_features(x), critic.extract_features(-x))) > 0


def test_linear_coefficients_give_a_linear_skin_s_latent_back() -> None:
    torch.manual_seed(0)
    linear = LinearBaseline(Shape(size=16, latent=8, components=3))
    linear.told.normal_()
    linear.basis.copy_((torch.linalg.qr(torch.randn(6 * 256, 3))[0] * torch.tensor([3.0, 2.0, 1.0])).T.reshape(3, 6, 16, 16))
    z, told = torch.randn(2, 8), compute_condition_features(CONDITION)
    assert torch.allclose(linear.fit_coefficients(linear(z, told), told), z[:, :3], atol=1e-4)


def test_the_encoder_starts_at_the_linear_coefficients_with_little_doubt() -> None:
    start = torch.tensor([[0.5, -1.0, 2.0]]).repeat(2, 1)
    mean, spread = Encoder(TINY, width=8)(torch.randn(2, 6, 64, 64), start)
    assert torch.equal(mean, torch.nn.functional.pad(start, (0, 5)))
    assert torch.equal(spread, torch.full((2, 8), -3.0))


def test_a_fresh_critic_of_full_depth_still_sees_what_it_is_shown() -> None:
    # With torch's own start its scores were alike to a thousandth, and it told nothing apart in 275 steps.
    torch.manual_seed(0)
    critic = Critic(Shape(size=64, maps=2))
    with torch.no_grad():
        seen = critic.extract_features(torch.randn(4, 6, 64, 64))
    assert float(seen[-1].std()) > 0.3
