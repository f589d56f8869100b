"""One trial and the table of all: what was done, and every count that must be zero."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

ZEROES = {
    "lost": "lost",
    "half_written": "half written",
    "made_twice": "made twice",
    "processes": "processes left",
    "temp_files": "temp files left",
    "wrong_code": "wrong exit code",
    "no_warning": "no warning",
    "differing": "bundle differs",
}
"""Field of a Trial -> its column: all of them must be 0."""


@dataclass
class Trial:
    """What one fault did."""

    kind: str
    """kill, damage, crowd, clock or disk."""
    command: str
    """The command, and the way in which it was disturbed: `build, KILL`."""
    detail: str = ""
    """The moment or the place."""
    seconds: float = 0.0
    lost: int = 0
    """Results that were stored, and were gone or computed again afterwards."""
    half_written: int = 0
    """Files or bundles that are visible under their own name and are not whole."""
    made_twice: int = 0
    """Stages that ran although their key was stored, or at the same time in two builds."""
    processes: int = 0
    """Processes that outlived the command and its grace time."""
    temp_files: int = 0
    """Temporary files that neither the next build nor `cache gc` removed."""
    wrong_code: int = 0
    no_warning: int = 0
    """Damages that were repaired without a warning or that `cache verify` did not find."""
    differing: int = 0
    """Files of the bundle that differ from those of an undisturbed build."""
    notes: list[str] = field(default_factory=list)

    def count(self, name: str, found: Iterable[object]) -> None:
        """Adds to a count, and keeps what was found."""
        listed = [str(item) for item in found]
        setattr(self, name, getattr(self, name) + len(listed))
        self.notes += [f"{name}: {item}" for item in listed]

    def is_clean(self) -> bool:
        """Whether every count is 0."""
        return not any(getattr(self, name) for name in ZEROES)

    def to_json(self) -> str:
        """One line."""
        row = {item.name: getattr(self, item.name) for item in fields(self)}
        return json.dumps({"bench": "faults", **row, "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}, ensure_ascii=False)


def format_table(trials: Iterable[Trial]) -> str:
    """Markdown: a row per kind and command, the sums of its trials however they were disturbed, and one row for all."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    every = list(trials)
    for trial in every:
        groups.setdefault((trial.kind, trial.command.partition(",")[0]), []).append(trial)
    heads = ["fault", "command", "ways", "trials", *ZEROES.values(), "seconds a trial"]
    rows = [[kind, command, *_sum_up(group)] for (kind, command), group in groups.items()]
    rows.append(["all", "", *_sum_up(every)])
    lines = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def _sum_up(group: list[Trial]) -> list[str]:
    counts = [str(sum(getattr(trial, name) for trial in group)) for name in ZEROES]
    mean = sum(trial.seconds for trial in group) / max(len(group), 1)
    ways = len({trial.command for trial in group})
    return [str(ways), str(len(group)), *counts, f"{mean:.1f}"]


def read_trials(lines: Iterable[str]) -> list[Trial]:
    """The trials of an earlier run's JSON lines."""
    names = {item.name for item in fields(Trial)}
    rows = (json.loads(line) for line in lines if line.startswith('{"bench": "faults"'))
    return [Trial(**{name: value for name, value in row.items() if name in names}) for row in rows]
