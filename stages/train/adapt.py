"""Starting from trained weights: fine-tuning with frozen layers, and adaptation to ten to fifty images."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import BackendError, Finding, Severity
from stages.train.loop.checkpoint import is_checkpoint, read_checkpoint, select_prefix
from stages.train.loop.family import Family
from stages.train.loop.loop import Run

if TYPE_CHECKING:
    from stages.nets.weights_io import TrainedNet

MAX_FEW_SHOT = 50
"""Images up to which a data set is few-shot."""
FEW_SHOT_SETTINGS: dict[str, dict[str, Any]] = {
    # The meaning of styles and the coarse layout are kept; colours and fine layers adapt. Critics overfit ten images within
    # minutes: their input layers are frozen (FreezeD, Mo et al. 2020), they learn slowly, and all their input is augmented.
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
    # Adapters leave the autoencoder alone: it would learn to reproduce nothing but these ten images.
    "diffusion": {"lora": 8, "denoiser_lr": 5e-4},
}  # fmt: skip
"""Net -> settings of its recipe or shape for few-shot adaptation."""
DATA_SHAPE_FIELDS = {"size", "channels", "conditions", "names"}
"""Fields of a net's shape that follow from the data set."""


def check_few_shot_size(data: Path) -> Finding | None:
    """A warning about a data set that is too large for few-shot adaptation; None for a small one."""
    from stages.datasets.shards import read_index

    count = read_index(data)["splits"]["train"]
    if count <= MAX_FEW_SHOT:
        return None
    message = f"--few-shot is meant for at most {MAX_FEW_SHOT} training images; {data.name} has {count}"
    return Finding("train/few-shot", message, Severity.WARNING, fix="remove it to fine-tune the whole net")


def load_pretrained(run: Run, start: Path) -> None:
    """Loads trained nets into a new run: a weights file's generator, or every net of a checkpoint, with its critic.

    Nets for smaller images become the coarse levels of nets that can grow; if the recipe does not grow, all levels are used at once.

    Raises:
        BackendError: the file holds another net, or one of another shape, or is not a weights file.
    """
    if is_checkpoint(start):
        tensors, header = read_checkpoint(start)
        nets = {name: select_prefix(tensors, f"nets/{name}/") for name in run.state.nets}
        averaged = {name: select_prefix(tensors, f"averaged/{name}/") for name in run.state.averaged}
        shape: Any = header["shape"]
    else:
        weights = _read_start_weights(start)
        nets = averaged = {name: dict(net.state_dict()) for name, net in weights.nets.items()}
        shape = vars(weights.shape)
    if not any(nets.get(name) for name in run.state.nets):
        raise _make_wrong_net_error(start, run.family)
    for targets, states in ((run.state.nets, nets), (run.state.averaged, averaged)):
        for name in set(targets) & set(states):
            _load_state(targets[name], states[name], start, shape, run)


def _read_start_weights(start: Path) -> TrainedNet:
    """The nets of a weights file; errors advise on --start, not on the repository's own weights."""
    from assets.weights import read_weights_index
    from stages.nets.weights_io import load_net

    # A weights.json in the same folder gives the file's digest: a flipped bit shows in no other way.
    entries = read_weights_index(start.parent).values()
    sha256 = next((str(entry["sha256"]) for entry in entries if entry["file"] == start.name), None)
    try:
        return load_net(start, sha256)
    except BackendError as error:
        fix = "give weights that `fenshen train` wrote, or a run's checkpoint"
        raise BackendError(*(replace(finding, fix=fix) for finding in error.findings)) from error


def _make_wrong_net_error(start: Path, family: Family) -> BackendError:
    message = f"{start.name} holds another net than {family.name}"
    return BackendError(Finding("train/start", message, fix="start from weights of the same net"))


def read_net_settings(file: Path, family: Family, *, from_scratch: bool = False) -> tuple[int | None, dict[str, Any]]:
    """Image size of weights or a checkpoint (None for vectors), and the settings of their shape that differ from the family's.

    With these settings a new run of the family builds nets of the file's shape, which can start from it. Unless it trains from
    scratch, the run does not grow: the nets are fully grown.

    Raises:
        BackendError: as stages.nets.weights_io.load_net, or the file is another family's.
    """
    shape = _read_shape(file, family)
    defaults = {field.name: field.default for field in fields(shape)} | dict(family.changes)
    settings = {name: value for name, value in vars(shape).items() if name not in DATA_SHAPE_FIELDS and value != defaults[name]}
    if not from_scratch and getattr(family.recipe, "grow", None):
        settings["grow"] = ()
    return getattr(shape, "size", None), settings


def read_start_settings(start: Path, family: Family, size: int) -> dict[str, Any]:
    """Settings with which nets for images of that size (0 for vectors) can start from the file.

    Empty for a start of another size: a StyleGAN's nets become the coarse levels of a larger one, whose settings the caller gives.
    Raises BackendError as `read_net_settings`.
    """
    start_size, settings = read_net_settings(start, family)
    return settings if start_size in (None, size) else {}


def _read_shape(file: Path, family: Family) -> Any:
    from stages.nets.weights_io import fill_shape_defaults, import_net_module, parse_shape

    if not is_checkpoint(file):
        weights = _read_start_weights(file)
        if weights.net != family.net:
            raise _make_wrong_net_error(file, family)
        return weights.shape
    kind = import_net_module(family.net).Shape
    values = fill_shape_defaults(kind, read_checkpoint(file)[1]["shape"])
    if values.keys() != {field.name for field in fields(kind)}:
        raise _make_wrong_net_error(file, family)
    return parse_shape(kind, values)


def _load_state(net: Any, state: dict[str, Any], start: Path, shape: dict[str, Any], run: Run) -> None:
    from stages.nets.lora import merge_adapter_state

    target = run.state.shape
    if not getattr(target, "lora", 0):  # checkpoints of a run with adapters hold them next to their layers
        state = merge_adapter_state(state)
    if coarse := _take_coarse_levels(run.family.net, state, shape, target):
        state = {**net.state_dict(), **coarse}
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        differences = _describe_differences(shape, vars(target)) or "its tensors have other shapes"
        fix = "use data of the same size and the same --set values as the start"
        raise BackendError(Finding("train/start", f"{start.name} does not fit this net: {differences}", fix=fix)) from error
    if hasattr(net, "grown") and not run.family.recipe.grow:
        net.grown[0], net.grown[1] = len(net.first), 1.0  # a start that had not grown up would stay at half the resolution


def _describe_differences(start: dict[str, Any], target: dict[str, Any]) -> str:
    """The fields in which two shapes differ: `width is 16, not 8`."""
    found, expected = json.loads(json.dumps(start)), json.loads(json.dumps(target))  # a checkpoint's tuples are lists
    return ", ".join(f"{name} is {found.get(name)}, not {value}" for name, value in expected.items() if found.get(name) != value)


def _take_coarse_levels(net: str, state: dict[str, Any], shape: dict[str, Any], target: Any) -> dict[str, Any] | None:
    """The state of smaller nets as coarse levels of the target; None if they are as large, or of a kind that does not grow."""
    from stages.nets.weights_io import fill_shape_defaults, import_net_module

    module = import_net_module(net)
    shape = fill_shape_defaults(type(target), shape)
    if not hasattr(module, "grow_state") or shape.keys() != vars(target).keys():
        return None
    levels: dict[str, Any] | None = module.grow_state(state, type(target)(**shape), target)
    return levels
