"""Where training runs: one CPU, or the GPUs that accelerate hands out; precision, memory layout and gradients follow from it.

No net is wrapped: gradients are averaged over processes after backward, as StyleGAN2 does it, because penalties
that differentiate a net twice and nets that are used several times a step do not go through a wrapper's hooks.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Device:
    """A device and its share of the work."""

    torch_device: Any = "cpu"
    rank: int = 0
    process_count: int = 1
    clip: float = 10.0
    """Gradients longer than this are cut to it."""
    half: bool = False
    """Whether convolutions and products compute in bfloat16, which lie channels last; weights, sums and penalties stay float32."""

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision where the machine gains from it."""
        import torch

        return torch.autocast(torch.device(self.torch_device).type, torch.bfloat16) if self.half else nullcontext()

    @property
    def name(self) -> str:
        """What a card tells of it: the GPU's name or CPU, and how many processes shared the work."""
        import torch

        own = torch.cuda.get_device_name(self.torch_device) if torch.device(self.torch_device).type == "cuda" else "CPU"
        return own if self.process_count == 1 else f"{self.process_count} x {own}"

    def place(self, net: Any) -> Any:
        """The net on the device, channels last where that is faster."""
        import torch

        return net.to(self.torch_device, memory_format=torch.channels_last) if self.half else net.to(self.torch_device)

    def backpropagate(self, optimiser: Any, loss: Any) -> float:
        """One step down the loss's slope; returns the gradient's length before it was cut."""
        import torch

        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        if self.process_count > 1:
            _all_reduce_mean([p.grad for p in parameters], self.process_count)
        length = torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        optimiser.step()
        return float(length)

    def reduce_mean(self, value: float) -> float:
        """The mean of a number over all processes, so that all decide alike."""
        if self.process_count == 1:
            return value
        import torch

        shared = [torch.tensor(value, device=self.torch_device)]
        _all_reduce_mean(shared, self.process_count)
        return float(shared[0])

    def reduce_losses(self, losses: dict[str, float]) -> dict[str, float]:
        """The mean of every loss over all processes."""
        return losses if self.process_count == 1 else {name: self.reduce_mean(value) for name, value in losses.items()}

    def sync_batch_norm(self, net: Any) -> None:
        """Averages what batch normalisation has seen over all processes, each of which sees its own share of a batch."""
        seen = [buffer for name, buffer in net.named_buffers() if name.endswith(("running_mean", "running_var"))]
        if self.process_count > 1 and seen:
            _all_reduce_mean(seen, self.process_count)

    def wait_for_all(self) -> None:
        """Until all processes are here."""
        if self.process_count > 1:
            import torch.distributed

            torch.distributed.barrier()


def _all_reduce_mean(tensors: list[Any], count: int) -> None:
    import torch

    flat = torch.cat([tensor.flatten() for tensor in tensors])
    torch.distributed.all_reduce(flat)
    flat /= count
    place = 0
    for tensor in tensors:
        tensor.copy_(flat[place : place + tensor.numel()].view_as(tensor))
        place += tensor.numel()


def find_device(precision: Precision = "auto", clip: float = 10.0) -> Device:
    """This process's machine: a GPU where there is one, and as many processes as `accelerate launch` started."""
    import torch
    from accelerate import PartialState  # type: ignore[import-untyped]

    there = PartialState(cpu=not torch.cuda.is_available())
    if there.device.type == "cpu":
        torch.set_num_threads(1)  # the nets are small: more threads cost more than they give, and one is reproducible
    half = precision == "bfloat16" or (precision == "auto" and _is_bfloat16_faster(there.device.type))
    return Device(there.device, there.process_index, there.num_processes, clip, half)


def _is_bfloat16_faster(device: str) -> bool:
    """Whether bfloat16 is faster there: on GPUs, and on CPUs with tiles for it; without them it is emulated, and slower."""
    import torch

    return device == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))
