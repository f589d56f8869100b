"""Nets are built for weights that come from a file: nothing is drawn for them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class SkipInit(TorchFunctionMode):  # type: ignore[misc]  # torch has no types for it
    """While it is entered, torch.nn.init and torch.randn leave memory as they find it: what they drew would be overwritten at once.

    The meta device does the same, but its arithmetic passes through torch's Python references, whose first call imports torch's
    compiler: 1.5 s before the first net of a process.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What the function gives, but for those that draw."""
        given = kwargs or {}
        if func is torch.randn:
            return torch.empty(*args, **given)
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else given["tensor"]
        return func(*args, **given)
