"""Nets whose weights come from a file are built without drawing any, and without what torch imports for that."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from assets import weights
from stages.nets.skip_init import SkipInit
from stages.nets.weights_io import load_net

SHIPPED = ("face-dcgan", "skin-diffusion", "skin-stylegan", "skin-unet", "skin-vae", "body-bodygan", "body-bodyvae")


def test_within_it_nothing_is_drawn_and_after_it_all_is():
    before = torch.get_rng_state()
    with SkipInit():
        layer = torch.nn.Linear(3, 2)
        assert torch.randn(4, 5, device="cpu").shape == (4, 5)
    assert torch.equal(torch.get_rng_state(), before)
    assert layer.weight.shape == (2, 3)
    torch.nn.Linear(3, 2)
    assert not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_are_read_without_a_draw(name: str):
    before = torch.get_rng_state()
    load_net(weights.locate_weights(name))
    assert torch.equal(torch.get_rng_state(), before)


def test_torchs_compiler_is_not_imported_for_a_net():
    """On the meta device the first draw or division imported it: 1.5 s of every process."""
    files = [str(weights.locate_weights(name)) for name in SHIPPED]
    program = "import sys; from pathlib import Path; from stages.nets.weights_io import read\n"
    program += "for file in sys.argv[1:]: read(Path(file))\nsys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program, *files], check=False).returncode == 0
