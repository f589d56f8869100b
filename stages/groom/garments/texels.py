"""Which texels of a picture a sheet covers, and values at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints

Values = NDArray[np.floating[Any]]
"""Numbers of either precision."""


@dataclass(frozen=True)
class Texels:
    """The texels that a sheet covers."""

    index: NDArray[np.int64]
    """(n,) in the flattened picture."""
    rows: Ints
    """(n,3) rows of the fine level."""
    shares: Floats
    """(n,3) of each."""

    def sample(self, values: NDArray[Any]) -> Floats:
        """(n,) or (n,k) a value by row at each texel."""
        return np.asarray(np.einsum("nk,nk...->n...", self.shares, values[self.rows]), np.float32)
