"""Starting from trained weights: fine-tuning with frozen layers, and adaptation to ten to fifty pictures."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding
from stages.train.family import Family
from stages.train.loop import Run

FEW = 50
"""Data sets of at most so many pictures are few-shot."""
FEW_SHOT: dict[str, dict[str, Any]] = {
    # What a style means and where things lie is kept; colours and fine layers move. Critics overfit ten pictures within
    # minutes: their coarse eyes stay (FreezeD, Mo et al. 2020), they learn slowly, and all they see is augmented.
    "stylegan": {
        "frozen": ("generator/mapping", "generator/const", "generator/first.0", "generator/second.0", "critic/enter", "critic/first.0"),
        "generator_lr": 3e-4, "critic_lr": 2e-4, "adaptive": False, "p": 0.6, "mixing": 0.0,
    },
    "dcgan": {"frozen": ("generator/enter", "critic/shrink.0"), "generator_lr": 5e-5, "critic_lr": 5e-5, "p": 0.6},
    "vae": {"frozen": ("decoder/enter", "decoder/layers.0", "encoder/enter"), "lr": 2e-4},
}  # fmt: skip
"""Net -> settings of its recipe for few-shot adaptation."""


def warm(run: Run, start: Path) -> None:
    """Puts trained nets into a fresh run: a weights file's generator, or every net of a checkpoint (its critic as well).

    Nets for smaller pictures become the coarse levels of nets that grow.

    Raises:
        BackendError: the file holds another net, or one of another shape, or is no weights file at all.
    """
    from stages.nets.shipping import read
    from stages.train import checkpoint

    if is_checkpoint(start):
        tensors, told = checkpoint.read(start)
        own = {name: _under(tensors, f"nets/{name}/") for name in run.state.nets}
        kept = {name: _under(tensors, f"averaged/{name}/") for name in run.state.averaged}
        shape: Any = told["shape"]
    else:
        shipped = read(start)
        own = kept = {name: dict(net.state_dict()) for name, net in shipped.nets.items()}
        shape = vars(shipped.shape)
    for nets, states in ((run.state.nets, own), (run.state.averaged, kept)):
        for name in set(nets) & set(states):
            _put(nets[name], states[name], start, shape, run)
    if not set(run.state.nets) & set(own):
        raise BackendError(
            Finding("train/start", f"{start.name} holds no net of {run.family.name}", fix="start from weights of its own net")
        )


GIVEN = {"size", "channels", "conditions", "names"}
"""Fields of a net's shape that the data set gives."""


def settings_of(file: Path, family: Family, *, anew: bool = False) -> tuple[int | None, dict[str, Any]]:
    """Pixels a side of what a weights file makes (None for vectors), and what of its shape the family would not choose by itself.

    With these a fresh run of the family builds nets as large as the file's, and can start from it; then they are grown up already.
    Raises BackendError as stages.nets.shipping.read.
    """
    from stages.nets.shipping import read

    shape = read(file).shape
    usual = {field.name: field.default for field in fields(shape)} | dict(family.changes)
    own = {name: value for name, value in vars(shape).items() if name not in GIVEN and value != usual[name]}
    if not anew and hasattr(family.recipe, "grow"):
        own["grow"] = ()
    return getattr(shape, "size", None), own


def _put(net: Any, state: dict[str, Any], start: Path, shape: dict[str, Any], run: Run) -> None:
    wanted = run.state.shape
    if coarse := _coarse(run.family.net, state, shape, wanted):
        state = {**net.state_dict(), **coarse}
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        message = f"{start.name} is of shape {shape}, not of {wanted}"
        fix = "give data of the same size, and the same --set as the start"
        raise BackendError(Finding("train/start", message, fix=fix)) from error


def _coarse(net: str, state: dict[str, Any], shape: dict[str, Any], wanted: Any) -> dict[str, Any] | None:
    """What smaller nets of the same kind tell of the coarse levels; None where they are as large, or of a kind that does not grow."""
    from stages.nets.shipping import module_of

    module = module_of(net)
    if not hasattr(module, "taller") or shape.keys() != vars(wanted).keys():
        return None
    found: dict[str, Any] | None = module.taller(state, type(wanted)(**shape), wanted)
    return found


def is_checkpoint(file: Path) -> bool:
    """Whether the file is a run's checkpoint, not a weights file."""
    from assets.errors import FormatError
    from stages.train import checkpoint

    try:
        checkpoint.read(file)
    except FormatError:
        return False
    return True


def _under(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
