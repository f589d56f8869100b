"""Random people against every gate: a seed must never fail one.

python -m bench.seeds [--count 200] [--first 1] [--folder build/seeds] [--outfit NAME ...]

Odd seeds are bare specs, in which the seed draws the clothes; even ones also name a random age, gender, tone and build, so that
the seed has to dress that body. Targets alternate. With --outfit, people wear these outfits in turn. An overnight command (half a
minute a person): each finished person is a line of FOLDER/people.jsonl, and a second call resumes where the first stopped. Prints a
Markdown table: gates that failed, and how often.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assets.artefacts.verdict import Verdict
from assets.bundle import Package
from assets.errors import BackendError, FenshenError, Severity
from assets.spec.packaging import BUDGETS
from assets.store import LocalStore, write_atomic
from flows.engine.partial_build import run_partial_build
from flows.pipeline.request import BuildRequest
from stages.verify.gate import load_gates

PEOPLE_FILE = "people.jsonl"


def make_spec(seed: int, outfits: Sequence[str] = ()) -> dict[str, Any]:
    """A bare spec, or one of a random body for even seeds; in one of the outfits, where there are some."""
    targets = list(BUDGETS)
    package = {"target": targets[seed // 2 % len(targets)], "turntable": False}
    spec: dict[str, Any] = {"name": f"Seed {seed}", "seed": seed, "package": package}
    if seed % 2 == 0:
        rng = np.random.default_rng(seed)
        age, gender, tone, *body = (round(float(value), 3) for value in rng.random(6))
        spec["identity"] = {"age": round(18 + 72 * age), "gender": gender, "tone": tone}
        spec["body"] = dict(zip(("muscle", "weight", "height"), body, strict=True))
    if outfits:
        spec["groom"] = {"outfit": outfits[seed % len(outfits)]}
    return spec


def build_person(seed: int, folder: Path, outfits: Sequence[str] = ()) -> dict[str, Any]:
    """Makes one person's package and has every gate judge it; the row says what failed. Of the files only the portrait is kept."""
    file = folder / f"seed{seed}.yaml"
    spec = make_spec(seed, outfits)
    file.write_text(yaml.safe_dump(spec), encoding="utf-8")
    store = LocalStore(folder / "store")
    # Every gate may fail: the row lists them all, with the warnings.
    build = BuildRequest(str(file), allow=frozenset(load_gates()), store=store.root)
    row: dict[str, Any] = {"seed": seed, "target": spec["package"]["target"], "error": "", "warnings": [], "gates": 0}
    try:
        verdict = store.get(run_partial_build(build, "verify").outcome.ref, Verdict)
        package = store.get(run_partial_build(build, "package").outcome.ref, Package)
    except BackendError:  # no person's fault: the machine lacks something
        raise
    except FenshenError as error:
        return row | {"error": str(error)}
    for picture in package.files:
        if picture.path.startswith("previews/portrait."):
            write_atomic(folder / "portraits" / f"seed{seed}{Path(picture.path).suffix}", picture.data)
    failed = [f"{check.code}: {check.message}" for check in verdict.checks if not check.ok and check.severity == Severity.ERROR]
    notes = [f"{check.code}: {check.message}" for check in verdict.checks if not check.ok and check.severity == Severity.WARNING]
    return row | {"error": "; ".join(failed), "warnings": notes, "gates": sum(check.ok for check in verdict.checks)}


def read_people(folder: Path) -> dict[int, dict[str, Any]]:
    """Seed -> row of what earlier calls finished."""
    file = folder / PEOPLE_FILE
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    return {row["seed"]: row for row in rows}


def format_table(rows: list[dict[str, Any]]) -> str:
    """Markdown: people, those that passed every gate, and what failed."""
    failed = [row for row in rows if row["error"]]
    kinds = Counter(line.split(":")[0] for row in rows for line in row["warnings"])
    lines = ["| target | people | passed every gate |", "|---|---|---|"]
    for target in BUDGETS:
        group = [row for row in rows if row["target"] == target]
        lines.append(f"| {target} | {len(group)} | {sum(not row['error'] for row in group)} |")
    lines += ["", *(f"- seed {row['seed']} ({row['target']}): {row['error'].splitlines()[0]}" for row in failed)]
    lines += [f"- {count} people with a warning of {code}" for code, count in kinds.most_common()]
    return "\n".join(lines).strip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/seeds"))
    parser.add_argument("--outfit", nargs="*", default=[], help="values of groom.outfit, worn in turn; left out: what the seed draws")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    people = read_people(chosen.folder)
    seeds = list(range(chosen.first, chosen.first + chosen.count))
    for seed in seeds:
        if seed not in people:
            people[seed] = build_person(seed, chosen.folder, chosen.outfit)
            # The results of one person are of no use to the next.
            shutil.rmtree(chosen.folder / "store", ignore_errors=True)
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in people.values())
            write_atomic(chosen.folder / PEOPLE_FILE, text.encode())
    sys.stdout.write(format_table([people[seed] for seed in seeds]))


if __name__ == "__main__":
    main()
