"""The attribute classifier learns, and its features have a fixed length at any size of image."""

from __future__ import annotations

import pytest
import torch

from stages.nets.classifier import FEATURE_COUNT, AttributeClassifier, Shape, compute_attribute_loss


@pytest.mark.parametrize(("size", "message"), [
    (8, "size must be at least 16, not 8"), (193, "size must be a multiple of 3, not 193"),
])  # fmt: skip
def test_a_size_that_it_cannot_pool_is_refused(size: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Shape(size=size)


def test_features_and_logits_have_their_shapes_at_any_size() -> None:
    for size in (32, 64, 128):
        net = AttributeClassifier(Shape(size=size, channels=6, width=8))
        x = torch.randn(2, 6, size, size)
        assert net.extract_features(x).shape == (2, FEATURE_COUNT)
        assert net(x).shape == (2, 3)


def test_a_correct_prediction_costs_nothing_and_an_error_costs_more_the_larger_it_is() -> None:
    truth = torch.tensor([[0.3, 1.0, 0.6]])
    right = torch.logit(truth.clamp(1e-6, 1 - 1e-6))
    near, far = torch.logit(torch.tensor([[0.4, 0.999, 0.6]])), torch.logit(torch.tensor([[0.8, 0.999, 0.6]]))
    assert float(compute_attribute_loss(right, truth)) < 1e-3
    assert float(compute_attribute_loss(near, truth)) < float(compute_attribute_loss(far, truth))


def test_fifty_steps_learn_to_predict_brightness() -> None:
    torch.manual_seed(0)
    net, noise = AttributeClassifier(Shape(size=16, width=8, drop=0.0)), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    first = last = 0.0
    for step in range(50):
        truth = torch.rand(16, 3, generator=noise)
        x = truth[:, :, None, None].expand(-1, -1, 16, 16) * 2 - 1
        loss = compute_attribute_loss(net(x), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        first, last = (float(loss.detach()), 0.0) if step == 0 else (first, float(loss.detach()))
    assert last < 0.6 * first
