"""Untrained nets of 32 px portraits with their classifier, and data sets of discs, small enough to evaluate in a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from assets.digest import sha256
from stages.datasets.shards import DatasetCard, DatasetItem, plan_shards, write_dataset
from stages.datasets.splits import Split
from stages.nets import classifier, dcgan, diffusion
from stages.nets.weights_io import TrainedNet, export_net, import_net_module
from tests.stages.train.tiny import COLUMNS, draw_discs


def write_weights(folder: Path, title: str, net: str, shape: Any) -> Path:
    """Writes untrained weights of that shape and their entry in the folder's weights.json."""
    nets = {name: module.eval() for name, module in import_net_module(net).build_nets(shape).items()}
    content = export_net(TrainedNet(net, shape, nets, COLUMNS), {})
    file, index = folder / f"{title}.safetensors", folder / "weights.json"
    file.write_bytes(content)
    table = json.loads(index.read_text()) if index.exists() else {}
    table[title] = {"file": file.name, "sha256": sha256(content), "net": net, "wall_seconds": 120}
    index.write_text(json.dumps(table))
    return file


def write_face_weights(folder: Path) -> Path:
    """A classifier, a DCGAN and a diffusion."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    write_weights(folder, "face-classifier", "classifier", classifier.Shape(size=32, width=8))
    write_weights(folder, "face-dcgan", "dcgan", dcgan.Shape(size=32, width=8, latent=8))
    shape = diffusion.Shape(size=32, channels=3, latent_channels=2, autoencoder_width=8, width=16, depth=1, steps=2)
    write_weights(folder, "face-diffusion", "diffusion", shape)
    return folder


def write_disc_set(
    folder: Path, name: str, kind: str, counts: tuple[int, int, int], columns: tuple[str, ...] = COLUMNS, consent: Any = None
) -> Path:
    """A data set of 32 px discs, one per person, that records these columns; counts are of training, validation and test."""
    discs = draw_discs(sum(counts), 32)
    card = DatasetCard(name, kind, 32, sum(counts), columns, 0, "CC0-1.0", (), "test", consent=consent)
    numbers = iter(range(sum(counts)))
    splits: tuple[Split, Split, Split] = ("train", "validation", "test")
    items = {split: [next(numbers) for _ in range(count)] for split, count in zip(splits, counts, strict=True)}

    def make_item(i: int) -> DatasetItem:
        attributes = {column: float(discs.column(column)[i]) for column in columns}
        return DatasetItem(i, i, attributes, discs.images[i], captions={"en": "", "zh": ""})

    write_dataset(folder, card, plan_shards(items, 100), make_item)
    return folder


def write_face_set(folder: Path) -> Path:
    """A set called discs, of the kind faces."""
    return write_disc_set(folder, "discs", "faces", (60, 30, 30))


def write_users_set(folder: Path, columns: tuple[str, ...] = COLUMNS, count: int = 120) -> Path:
    """A user's folder, with a consent record."""
    consent = {"person": "nobody", "given": "2026-01-01"}
    return write_disc_set(folder, "mine", "folder", (count // 2, 0, count - count // 2), columns, consent)
