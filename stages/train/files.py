"""The layout of a run's folder and of the files next to weights: names, the header of any of our safetensors files, atomic writing.

OUT/TITLE.safetensors has its card, sheet, curves and adapters next to it; OUT/run-TITLE/ holds the checkpoints. No torch here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assets.errors import Finding, StoreError
from assets.store import write_atomic
from assets.strict_json import parse_json

RUN_PREFIX = "run-"
NEXT_CHECKPOINT = "next.safetensors"
"""The checkpoint being written; it becomes LAST once it is complete."""
LAST_CHECKPOINT = "last.safetensors"
PREVIOUS_CHECKPOINT = "before.safetensors"
"""The checkpoint before LAST, for a divergence that began earlier than it was noticed."""
BEST_CHECKPOINT = "best.safetensors"
BEST_REGULAR_CHECKPOINT = "regular.safetensors"
"""The best of the scheduled validations, where the one at the run's end found a better net: a longer run has no validation there."""
SAMPLES_FILE = "samples.png"
BOARD_FOLDER = "board"
"""TensorBoard's files."""
AUTOENCODER_STEPS_FILE = "autoencoder-steps"
"""Step at which an equal-budget run of a latent diffusion turned from its autoencoder to its denoiser."""

CURVES_SUFFIX = "-curves.png"
ADAPTERS_SUFFIX = "-adapters.safetensors"
NETS_SUFFIX = "-nets.safetensors"
"""All nets of a champion's run, for its challengers: a generator that starts against an untrained critic forgets what it has learnt."""
COMPANION_SUFFIXES = (".md", ".png", CURVES_SUFFIX, ADAPTERS_SUFFIX, NETS_SUFFIX)
"""Files that move with TITLE.safetensors. Whole suffixes, not a glob: face-dcgan-hinge begins with another title, face-dcgan."""

HISTORY_FILE = "history.json"
PAST_FOLDER = "past"
"""Replaced champions, in a folder per trial."""
CHALLENGERS_FOLDER = "challengers"
"""Training runs of challengers, in a folder per flow run."""


def get_run_folder(out: Path, title: str) -> Path:
    """The folder of the checkpoints of the weights `title`."""
    return out / f"{RUN_PREFIX}{title}"


def find_newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint to resume from; a kill between two renames leaves NEXT or PREVIOUS alone."""
    return next((folder / name for name in (NEXT_CHECKPOINT, LAST_CHECKPOINT, PREVIOUS_CHECKPOINT) if (folder / name).exists()), None)


def read_header(file: Path) -> dict[str, Any]:
    """Our metadata in a safetensors file, weights or checkpoint; empty where there is none or the file cannot be read.

    Nothing is raised: reading the tensors reports what is wrong with the file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="np") as opened:
            header: dict[str, Any] = parse_json((opened.metadata() or {}).get("fenshen", "{}"))
            return header
    except (SafetensorError, OSError, ValueError):
        return {}


def write_run_file(file: Path, data: bytes) -> None:
    """Writes a file of a run atomically.

    Raises:
        StoreError: the disk refuses; says whether an earlier checkpoint is left to resume from.
    """
    try:
        write_atomic(file, data)
    except StoreError as error:
        # A checkpoint is renamed once it is complete: whether the file's own name exists says nothing of those before it.
        earlier = any(file.parent.glob("*.safetensors"))
        message = f"{error.findings[0].message}; {'files written earlier are intact' if earlier else 'nothing was written earlier'}"
        fix = "free some disk space and run the same command; training resumes"
        raise StoreError(Finding("train/disk", message, fix=fix)) from error
