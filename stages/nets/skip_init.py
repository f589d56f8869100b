"""Builds nets without initial values, for weights that are loaded right afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class SkipInit(TorchFunctionMode):  # type: ignore[misc]  # torch has no types for it
    """Inside it, torch.nn.init and torch.randn leave memory uninitialised: the loaded weights overwrite it at once.

    The meta device does the same, but its arithmetic passes through torch's Python references, whose first call imports torch's
    compiler: 1.5 s before the first net of a process.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function's result, without random numbers where it would draw them."""
        arguments = kwargs or {}
        if func is torch.randn:
            return torch.empty(*args, **arguments)
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else arguments["tensor"]
        return func(*args, **arguments)
