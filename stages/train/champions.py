"""Continual re-training: a challenger takes the champion's place only where no measure is worse; every trial is recorded.

A ladder is a folder with the champion's `weights.json` and files beside it, as `fenshen train` leaves them, past champions under
`past/NUMBER/`, and `history.json`: one record a trial. Trials are judged on the validation split: the test split stays unseen,
so that it can still say how good a champion is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.errors import Finding, FormatError, SpecError
from assets.store import write_atomic
from assets.weights import INDEX_FILE, build_weights_index, read_weights_index
from stages.train.files import BEST_CHECKPOINT, COMPANION_SUFFIXES, HISTORY_FILE, NETS_SUFFIX, PAST_FOLDER, get_run_folder

HIGHER_IS_BETTER = ("precision", "recall", "diversity", "memory")
LOWER_IS_BETTER = (
    "fenshen-frechet",
    "fenshen-kernel",
    "patches",
    "FID",
    "KID",
    "age error",
    "gender error",
    "tone error",
    "impossible",
    "worst",
)
"""Measures that decide. Speed and size do not: the net is the same, and speed is the machine's mood."""
SUFFICIENT_VALUES: Mapping[str, float] = {"diversity": 1.0, "memory": 0.9}
"""From here on more is no better: as varied as people are, as far from the training examples as strangers are."""


@dataclass(frozen=True)
class MeasureComparison:
    """One measure of a trial."""

    measure: str
    champion: float
    challenger: float
    holds: bool
    """The challenger is at least as good."""


@dataclass(frozen=True)
class ChampionTrial:
    """What a trial decided."""

    number: int
    title: str
    accepted: bool
    why: str
    champion: str
    """sha256 of the champion that was challenged; empty where there was none."""
    challenger: str
    when: str
    rows: tuple[MeasureComparison, ...] = ()


def compare_measures(champion: Mapping[str, float], challenger: Mapping[str, float]) -> tuple[MeasureComparison, ...]:
    """Every deciding measure that both reports hold."""
    names = [name for name in (*LOWER_IS_BETTER, *HIGHER_IS_BETTER) if name in champion and name in challenger]
    return tuple(
        MeasureComparison(name, champion[name], challenger[name], _is_as_good(name, champion[name], challenger[name])) for name in names
    )


def _is_as_good(name: str, champion: float, challenger: float) -> bool:
    return challenger >= min(champion, SUFFICIENT_VALUES.get(name, champion)) if name in HIGHER_IS_BETTER else challenger <= champion


def read_history(ladder: Path) -> list[dict[str, Any]]:
    """Every trial and rollback, the oldest first; raises FormatError where the file is no JSON."""
    file = ladder / HISTORY_FILE
    try:
        return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []
    except ValueError as error:
        raise FormatError(Finding("champion/broken", f"{file} is no JSON: {error}", fix="restore it, or begin a new ladder")) from error


def read_trials(ladder: Path) -> list[dict[str, Any]]:
    """As history_of, for who asks what is there; raises SpecError where no trial was made."""
    history = read_history(ladder)
    if not history:
        raise SpecError(Finding("champion/none", f"no trial was made in {ladder}", fix="make one with `fenshen retrain`, or mend --ladder"))
    return history


def challenge(ladder: Path, title: str, made: Path, champion: Mapping[str, float] | None, challenger: Mapping[str, float]) -> ChampionTrial:
    """Judges the weights `title` in the folder `made`, records the trial, and lets them take the place where they are as good.

    Args:
        champion: the measures of the ladder's weights of that title; None where it has none yet.
        challenger: the measures of the new ones, of the same samples.
    """
    history = read_history(ladder)
    there = read_weights_index(ladder).get(title, {})
    rows = compare_measures(champion, challenger) if champion is not None else ()
    worse = [row.measure for row in rows if not row.holds]
    why = "there was no champion" if champion is None else f"worse: {', '.join(worse)}" if worse else "no measure is worse"
    sha = str(read_weights_index(made)[title]["sha256"])
    trial = ChampionTrial(len(history), title, not worse, why, str(there.get("sha256", "")), sha, _make_timestamp(), rows)
    if trial.accepted:
        if there:
            install(ladder, _locate_past_champion(ladder, trial.number), title)
        install(made, ladder, title)
        if (nets := get_run_folder(made, title) / BEST_CHECKPOINT).exists():
            write_atomic(ladder / f"{title}{NETS_SUFFIX}", nets.read_bytes())
    _write_history(ladder, [*history, asdict(trial)])
    return trial


def find_start(ladder: Path, title: str) -> Path | None:
    """Where a challenger begins: all nets of the champion's run, its weights where these are not there; None where there is no champion."""
    nets, entry = ladder / f"{title}{NETS_SUFFIX}", read_weights_index(ladder).get(title)
    return None if entry is None else nets if nets.exists() else ladder / str(entry["file"])


def roll_back(ladder: Path, title: str) -> ChampionTrial:
    """Puts the champion before the present one back; raises SpecError where none was replaced."""
    history = read_history(ladder)
    undone = {record["undoes"] for record in history if "undoes" in record}
    taken = [r for r in history if r.get("accepted") and r["title"] == title and r["champion"] and r["number"] not in undone]
    if not taken:
        fix = "`fenshen champion ls` shows what was replaced"
        raise SpecError(Finding("champion/first", f"{title} has replaced no champion in {ladder}", fix=fix))
    last = taken[-1]
    install(_locate_past_champion(ladder, last["number"]), ladder, title)
    trial = ChampionTrial(len(history), title, False, f"rolled back to the champion before trial {last['number']}",
                  last["challenger"], last["champion"], _make_timestamp())  # fmt: skip
    _write_history(ladder, [*history, {**asdict(trial), "undoes": last["number"]}])
    return trial


def _locate_past_champion(ladder: Path, number: int) -> Path:
    """Where the champion lies that trial NUMBER replaced."""
    return ladder / PAST_FOLDER / str(number)


def _make_timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def format_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A trial's rows, as `asdict` gives them, in words."""
    return [
        {"measure": row["measure"], "champion": f"{row['champion']:.4g}", "challenger": f"{row['challenger']:.4g}",
         "holds": "yes" if row["holds"] else "no"}
        for row in rows
    ]  # fmt: skip


def _write_history(ladder: Path, history: list[dict[str, Any]]) -> None:
    write_atomic(ladder / HISTORY_FILE, (json.dumps(history, indent=1, ensure_ascii=False) + "\n").encode())


def install(source: Path, target: Path, title: str) -> None:
    """Copies weights, card and pictures; the table, which tells of them, is written last."""
    entry = read_weights_index(source)[title]
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{title}{NETS_SUFFIX}").unlink(missing_ok=True)  # of another champion
    for file in (source / f"{title}{end}" for end in COMPANION_SUFFIXES):
        if file.is_file():
            shutil.copyfile(file, target / file.name)
    write_atomic(target / entry["file"], (source / entry["file"]).read_bytes())
    write_atomic(target / INDEX_FILE, build_weights_index(target, title, entry))
