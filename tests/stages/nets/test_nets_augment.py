"""Augmentation: each transform does what it says, and none leaks into what the generator learns."""

from __future__ import annotations

import torch

from stages.nets.augment import MAX_PROBABILITY, PORTRAITS, SKINS, Augmentation, adapt_probability


def make_images(count: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_without_probability_nothing_changes() -> None:
    x = make_images(8)
    assert PORTRAITS(x, p=0.0) is x


def test_at_the_highest_probability_enough_images_stay_unchanged_that_nothing_leaks() -> None:
    # Karras et al. 2020 b: a transform does not leak as long as the unchanged image is the most likely one, hence p < 0.8.
    torch.manual_seed(0)
    x = make_images(400)
    changed = (Augmentation(brightness=0.5)(x, p=MAX_PROBABILITY) - x).abs().amax((1, 2, 3)) > 1e-6
    assert abs(float(changed.float().mean()) - MAX_PROBABILITY) < 0.08
    assert MAX_PROBABILITY < 0.8


def test_shifts_move_by_whole_pixels_only() -> None:
    torch.manual_seed(1)
    ramp = torch.arange(16.0).expand(6, 1, 16, 16)
    moved = Augmentation(shift=0.2)(ramp)
    assert torch.allclose(moved, moved.round(), atol=1e-4)
    assert not torch.allclose(moved, ramp)


def test_flips_mirror_half_of_the_images() -> None:
    torch.manual_seed(2)
    x = make_images(300)
    moved = Augmentation(flip=True)(x)
    mirrored = torch.isclose(moved, x.flip(3), atol=1e-4).all(3).all(2).all(1)
    kept = torch.isclose(moved, x, atol=1e-4).all(3).all(2).all(1)
    assert bool((mirrored ^ kept).all())
    assert 0.4 < float(mirrored.float().mean()) < 0.6


def test_contrast_keeps_the_mean_and_brightness_keeps_the_contrast() -> None:
    torch.manual_seed(3)
    x = make_images(8)
    assert torch.allclose(Augmentation(contrast=0.5)(x).mean((1, 2, 3)), x.mean((1, 2, 3)), atol=1e-5)
    assert torch.allclose(Augmentation(brightness=0.5)(x).std((1, 2, 3)), x.std((1, 2, 3)), atol=1e-5)


def test_gradients_reach_the_image_through_every_transform() -> None:
    torch.manual_seed(4)
    x = make_images(4).requires_grad_(True)
    PORTRAITS(x).square().sum().backward()
    assert float(x.grad.abs().amin((1, 2, 3)).min()) >= 0
    assert bool((x.grad.abs().sum((1, 2, 3)) > 0).all())


def test_skins_are_never_mirrored_or_rotated() -> None:
    assert not SKINS.flip
    assert SKINS.rotation == 0


def test_the_probability_follows_the_critic_within_its_limits() -> None:
    assert adapt_probability(0.3, sign=0.9) > 0.3 > adapt_probability(0.3, sign=0.1)
    assert adapt_probability(MAX_PROBABILITY, sign=1.0) == MAX_PROBABILITY
    assert adapt_probability(0.0, sign=-1.0) == 0.0
