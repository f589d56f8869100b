"""Where training runs: one CPU, or the GPUs that accelerate assigns; precision, memory layout and gradients follow from it.

No net is wrapped: gradients are averaged over processes after the backward pass, as in StyleGAN2, because a wrapper's hooks
miss penalties that differentiate a net twice and nets that are used several times a step.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Device:
    """A torch device and this process's share of the work."""

    torch_device: Any = "cpu"
    rank: int = 0
    process_count: int = 1
    clip: float = 10.0
    """Longer gradients are scaled down to this norm."""
    half: bool = False
    """Convolutions and products compute in bfloat16, channels last; weights, sums and penalties stay float32."""

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision if `half` is set."""
        import torch

        return torch.autocast(torch.device(self.torch_device).type, torch.bfloat16) if self.half else nullcontext()

    @property
    def name(self) -> str:
        """The GPU's name or CPU, and the number of processes if there are several."""
        import torch

        name = torch.cuda.get_device_name(self.torch_device) if torch.device(self.torch_device).type == "cuda" else "CPU"
        return name if self.process_count == 1 else f"{self.process_count} x {name}"

    def place(self, net: Any) -> Any:
        """The net on the device, channels last if that is faster."""
        import torch

        return net.to(self.torch_device, memory_format=torch.channels_last) if self.half else net.to(self.torch_device)

    def backpropagate(self, optimiser: Any, loss: Any) -> float:
        """One optimiser step on the loss; returns the gradient's norm before clipping."""
        import torch

        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        if self.process_count > 1:
            _all_reduce_mean([p.grad for p in parameters], self.process_count)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        optimiser.step()
        return float(norm)

    def reduce_mean(self, value: float) -> float:
        """The mean of a number over all processes, so that all take the same decisions."""
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
        """Averages the running statistics of batch normalisation over all processes; each sees only its share of a batch."""
        statistics = [buffer for name, buffer in net.named_buffers() if name.endswith(("running_mean", "running_var"))]
        if self.process_count > 1 and statistics:
            _all_reduce_mean(statistics, self.process_count)

    def wait_for_all(self) -> None:
        """Blocks until every process has reached this call."""
        if self.process_count > 1:
            import torch.distributed

            torch.distributed.barrier()


def _all_reduce_mean(tensors: list[Any], count: int) -> None:
    import torch

    flat = torch.cat([tensor.flatten() for tensor in tensors])
    torch.distributed.all_reduce(flat)
    flat /= count
    start = 0
    for tensor in tensors:
        tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
        start += tensor.numel()


def find_device(precision: Precision = "auto", clip: float = 10.0) -> Device:
    """This process's device: a GPU if there is one, with as many processes as `accelerate launch` started."""
    import torch
    from accelerate import PartialState  # type: ignore[import-untyped]

    local = PartialState(cpu=not torch.cuda.is_available())
    if local.device.type == "cpu":
        torch.set_num_threads(1)  # the nets are small: more threads slow them down, and one is reproducible
    half = precision == "bfloat16" or (precision == "auto" and _is_bfloat16_faster(local.device.type))
    return Device(local.device, local.process_index, local.num_processes, clip, half)


def _is_bfloat16_faster(device: str) -> bool:
    """True for GPUs and for CPUs with AMX tiles; other CPUs emulate bfloat16, which is slower than float32."""
    import torch

    return device == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))
