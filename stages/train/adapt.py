"""Starting from trained weights: fine-tuning with frozen layers, and adaptation to ten to fifty pictures."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import BackendError, Finding, Severity
from stages.train.loop.family import Family
from stages.train.loop.loop import Run

if TYPE_CHECKING:
    from stages.nets.weights_io import TrainedNet

MAX_FEW_SHOT = 50
"""Data sets of at most so many pictures are few-shot."""
FEW_SHOT_SETTINGS: dict[str, dict[str, Any]] = {
    # What a style means and where things lie is kept; colours and fine layers move. Critics overfit ten pictures within
    # minutes: their coarse eyes stay (FreezeD, Mo et al. 2020), they learn slowly, and all they see is augmented.
    "stylegan": {
        "frozen": ("generator/mapping", "generator/const", "generator/first.0", "generator/second.0", "critic/enter", "critic/first.0"),
        "generator_lr": 3e-4, "critic_lr": 2e-4, "adaptive": False, "p": 0.6, "mixing": 0.0, "grow": (),
    },
    "dcgan": {"frozen": ("generator/enter", "critic/shrink.0"), "generator_lr": 5e-5, "critic_lr": 5e-5, "p": 0.6},
    "vae": {"frozen": ("decoder/enter", "decoder/layers.0", "encoder/enter"), "lr": 2e-4},
    "unet": {
        "frozen": ("generator/style", "generator/field", "generator/down.3", "generator/up.0", "critic/enter", "critic/blocks.0"),
        "generator_lr": 2e-4, "critic_lr": 1e-4,
    },
    # The autoencoder rests under adapters: ten pictures would teach it to draw these ten.
    "diffusion": {"lora": 8, "denoiser_lr": 5e-4},
}  # fmt: skip
"""Net -> settings of its recipe or shape for few-shot adaptation."""


def check_few_shot_size(data: Path) -> Finding | None:
    """The warning that a data set is too large to be adapted to as if it were few-shot; None where it is not."""
    from stages.datasets.shards import read_index

    count = read_index(data)["splits"]["train"]
    if count <= MAX_FEW_SHOT:
        return None
    message = f"--few-shot holds back what {MAX_FEW_SHOT} pictures cannot teach, {data.name} has {count}"
    return Finding("train/few-shot", message, Severity.WARNING, fix="leave it out to fine-tune the whole net")


def load_pretrained(run: Run, start: Path) -> None:
    """Puts trained nets into a fresh run: a weights file's generator, or every net of a checkpoint (its critic as well).

    Nets for smaller pictures become the coarse levels of nets that grow; nets that shall not grow are whole from the first step.

    Raises:
        BackendError: the file holds another net, or one of another shape, or is no weights file at all.
    """
    from stages.train.loop import checkpoint

    if is_checkpoint(start):
        tensors, told = checkpoint.read_checkpoint(start)
        own = {name: _select_prefix(tensors, f"nets/{name}/") for name in run.state.nets}
        kept = {name: _select_prefix(tensors, f"averaged/{name}/") for name in run.state.averaged}
        shape: Any = told["shape"]
    else:
        shipped = _read_start_weights(start)
        own = kept = {name: dict(net.state_dict()) for name, net in shipped.nets.items()}
        shape = vars(shipped.shape)
    if not any(own.get(name) for name in run.state.nets):
        raise _make_wrong_net_error(start, run.family)
    for nets, states in ((run.state.nets, own), (run.state.averaged, kept)):
        for name in set(nets) & set(states):
            _load_state(nets[name], states[name], start, shape, run)


def _read_start_weights(start: Path) -> TrainedNet:
    """The nets of a weights file; what is wrong with it is the giver's to mend, not the repository's."""
    from assets.weights import read_weights_index
    from stages.nets.weights_io import load_net

    # A table beside it that names the file tells what it must be: a flipped bit makes no sound.
    told = next((str(entry["sha256"]) for entry in read_weights_index(start.parent).values() if entry["file"] == start.name), None)
    try:
        return load_net(start, told)
    except BackendError as error:
        fix = "give weights that `fenshen train` wrote, or a run's checkpoint"
        raise BackendError(*(replace(finding, fix=fix) for finding in error.findings)) from error


def _make_wrong_net_error(start: Path, family: Family) -> BackendError:
    message = f"{start.name} holds no net of {family.name}"
    return BackendError(Finding("train/start", message, fix="start from weights of its own net"))


DATA_SHAPE_FIELDS = {"size", "channels", "conditions", "names"}
"""Fields of a net's shape that the data set gives."""


def read_net_settings(file: Path, family: Family, *, anew: bool = False) -> tuple[int | None, dict[str, Any]]:
    """Pixels a side of what weights or a checkpoint make (None for vectors), and what of their shape the family would not choose by itself.

    With these a fresh run of the family builds nets as large as the file's, and can start from it; then they are grown up already.
    Raises BackendError as stages.nets.weights_io.load_net, and for another family's file.
    """
    shape = _read_shape(file, family)
    usual = {field.name: field.default for field in fields(shape)} | dict(family.changes)
    own = {name: value for name, value in vars(shape).items() if name not in DATA_SHAPE_FIELDS and value != usual[name]}
    if not anew and getattr(family.recipe, "grow", None):
        own["grow"] = ()
    return getattr(shape, "size", None), own


def read_start_settings(start: Path, family: Family, size: int) -> dict[str, Any]:
    """Settings with which nets for pictures of that size (0 for vectors) can start from the file.

    None from nets for other pictures: a StyleGAN's become the coarse levels of a larger one, which the caller's settings tell of.
    Raises BackendError as `settings_of`.
    """
    pixels, own = read_net_settings(start, family)
    return own if pixels in (None, size) else {}


def _read_shape(file: Path, family: Family) -> Any:
    from stages.nets.weights_io import fill_shape_defaults, import_net_module, parse_shape
    from stages.train.loop import checkpoint

    if not is_checkpoint(file):
        shipped = _read_start_weights(file)
        if shipped.net != family.net:
            raise _make_wrong_net_error(file, family)
        return shipped.shape
    kind = import_net_module(family.net).Shape
    told = fill_shape_defaults(kind, checkpoint.read_checkpoint(file)[1]["shape"])
    if told.keys() != {field.name for field in fields(kind)}:
        raise _make_wrong_net_error(file, family)
    return parse_shape(kind, told)


def _load_state(net: Any, state: dict[str, Any], start: Path, shape: dict[str, Any], run: Run) -> None:
    from stages.nets.lora import merge_adapter_state

    wanted = run.state.shape
    if not getattr(wanted, "lora", 0):  # a run that trained adapters keeps them beside their layers in its checkpoints
        state = merge_adapter_state(state)
    if coarse := _take_coarse_levels(run.family.net, state, shape, wanted):
        state = {**net.state_dict(), **coarse}
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        message = (
            f"{start.name} is no start for this net: {_describe_differences(shape, vars(wanted)) or 'its tensors are of other shapes'}"
        )
        fix = "give data of the same size, and the same --set as the start"
        raise BackendError(Finding("train/start", message, fix=fix)) from error
    if hasattr(net, "grown") and not run.family.recipe.grow:
        net.grown[0], net.grown[1] = len(net.first), 1.0  # weights that were not grown up would make half the pixels for ever


def _describe_differences(shape: dict[str, Any], wanted: dict[str, Any]) -> str:
    """What two shapes disagree on, e.g. `width is 16, not 8`."""
    own, other = json.loads(json.dumps(shape)), json.loads(json.dumps(wanted))  # a checkpoint's tuples are lists
    return ", ".join(f"{name} is {own.get(name)}, not {value}" for name, value in other.items() if own.get(name) != value)


def _take_coarse_levels(net: str, state: dict[str, Any], shape: dict[str, Any], wanted: Any) -> dict[str, Any] | None:
    """What smaller nets of the same kind tell of the coarse levels; None where they are as large, or of a kind that does not grow."""
    from stages.nets.weights_io import fill_shape_defaults, import_net_module

    module = import_net_module(net)
    shape = fill_shape_defaults(type(wanted), shape)
    if not hasattr(module, "grow_state") or shape.keys() != vars(wanted).keys():
        return None
    found: dict[str, Any] | None = module.grow_state(state, type(wanted)(**shape), wanted)
    return found


def is_checkpoint(file: Path) -> bool:
    """Whether the file is a run's checkpoint, not a weights file."""
    from assets.errors import FormatError
    from stages.train.loop import checkpoint

    try:
        checkpoint.read_checkpoint(file)
    except FormatError:
        return False
    return True


def _select_prefix(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
