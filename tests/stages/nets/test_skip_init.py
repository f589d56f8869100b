"""Nets whose weights come from a file are built without random numbers, and without what torch imports for those."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from assets import weights
from stages.nets.skip_init import SkipInit
from stages.nets.weights_io import load_net

pytestmark = pytest.mark.slow

COMMITTED = sorted(weights.read_weights_index(weights.WEIGHTS_FOLDER))


def test_inside_it_no_random_number_is_drawn_and_afterwards_they_are() -> None:
    before = torch.get_rng_state()
    with SkipInit():
        layer = torch.nn.Linear(3, 2)
        assert torch.randn(4, 5, device="cpu").shape == (4, 5)
    assert torch.equal(torch.get_rng_state(), before)
    assert layer.weight.shape == (2, 3)
    torch.nn.Linear(3, 2)
    assert not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", COMMITTED)
def test_loading_weights_draws_no_random_number(name: str) -> None:
    before = torch.get_rng_state()
    load_net(weights.locate_weights(name))
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_weights_does_not_import_torchs_compiler() -> None:
    """On the meta device the first random number or division imported it: 1.5 s of every process."""
    files = [str(weights.locate_weights(name)) for name in COMMITTED]
    program = "import sys; from pathlib import Path; from stages.nets.weights_io import load_net\n"
    program += "for file in sys.argv[1:]: load_net(Path(file))\nsys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program, *files], check=False).returncode == 0
