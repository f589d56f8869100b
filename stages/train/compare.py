"""All families on the same data: which weights a name means, their reports, and the one table of docs/families.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from assets.errors import Finding, SpecError
from assets.weights import table_of
from stages.train.evaluate import MEASURES, Report, evaluate, of_training_data
from stages.train.metrics import worst

KINDS = {"skin": "skins", "face": "faces", "body": "bodies"}
"""First word of a weights' title -> kind of data set."""
Table = Mapping[str, Mapping[str, Any]]
HEAD = """# Families of generators, measured alike

Made by `fenshen evaluate all`. Every family is asked for the ages, genders and tones of the test split, which no training saw; all
measures but the last three come from these samples. `fenshen-frechet` and `fenshen-kernel` are distances on the features of our own
reader: they compare rows of one table, never with a published FID. The last row of each table scores training examples in place of
samples: it is what a perfect memory would reach, and its distances show how far two sets of real people lie apart.
Pictures of all sizes are compared at the reader's 64 px (portraits) or 128 px (skins).
Sheets of 64 samples and cards, which tell what is weak, lie beside the weights in `assets/weights/`.
"""


def chosen(table: Table, name: str) -> list[str]:
    """Titles of weights.json that `name` means: all generators, a family's, or one; raises SpecError where there is none."""
    there = [title for title, entry in table.items() if entry.get("net") not in (None, "classifier")]
    found = [title for title in there if name in ("all", title, table[title]["net"], title.partition("-")[2])]
    if not found:
        raise SpecError(Finding("evaluate/name", f"no weights are called {name!r}", fix=f"take all or one of {', '.join(sorted(there))}"))
    return found


def compare(
    name: str, folder: Path, data: Sequence[Path], *, inception: Path | None = None, told: Callable[[Report], None] | None = None
) -> list[Report]:
    """Reports of the weights in a folder that `name` means, each on the data set of its kind, beside the training data's own.

    Raises:
        SpecError: nothing has that name, or no data set of a net's kind was given.
        BackendError, FormatError: as stages.train.evaluate.evaluate.
    """
    from stages.datasets.shards import index_of

    table = table_of(folder)
    by_kind = {str(index_of(path)["kind"]): path for path in data}
    titles = [title for title in chosen(table, name) if KINDS.get(title.split("-")[0]) in by_kind]
    if not titles:
        raise SpecError(Finding("evaluate/data", f"no data set given is of the kind that {name} makes", fix="give skins, faces or bodies"))
    reports = []
    for report in _reports(titles, table, folder, by_kind, inception):
        reports.append(report)
        if told is not None:
            told(report)
    return reports


def _reports(titles: list[str], table: Table, folder: Path, by_kind: Mapping[str, Path], inception: Path | None) -> Iterator[Report]:
    for kind in dict.fromkeys(title.split("-")[0] for title in titles):
        data, reader = by_kind[KINDS[kind]], table.get(f"{kind}-classifier")
        measure = partial(evaluate, data=data, reader=folder / reader["file"] if reader else None, inception=inception)
        for title in titles:
            if title.split("-")[0] == kind:
                yield measure(folder / table[title]["file"], sha256=table[title]["sha256"])
        yield of_training_data(data, reader=folder / reader["file"] if reader else None, inception=inception)


def markdown(reports: Sequence[Report], table: Table) -> str:
    """The page of all reports: one table a data set, then what each measure means and every group's distance."""
    parts = [HEAD]
    for data in dict.fromkeys(report.data for report in reports):
        rows = [report for report in reports if report.data == data]
        parts += [f"## {data}: {rows[0].samples} samples a family", "", _values(rows, table), "", "By group:", "", _groups(rows), ""]
    parts += ["## Measures", "", "| measure | meaning | does not see |", "|---|---|---|"]
    parts += [f"| {name} | {told.meaning} | {told.blind} |" for name, told in MEASURES.items()]
    return "\n".join(parts) + "\n"


SECTION = "## Measured by `fenshen evaluate`"


def into_card(card: str, report: Report, rival: Report) -> str:
    """The model card with this report (and training examples' scores beside it) as its last section, an older one replaced."""
    names = [name for name in MEASURES if name in report.values]
    lines = [SECTION, "", f"{report.samples} samples on the test split of {report.data}; docs/families.md tells what each means.", ""]
    lines += ["| measure | this net | training examples |", "|---|---|---|"]
    lines += [f"| {name} | {_cell(report, name)} | {_cell(rival, name)} |" for name in names]
    return f"{card.split(SECTION)[0].rstrip()}\n\n" + "\n".join(lines) + "\n"


def _values(rows: Sequence[Report], table: Table) -> str:
    """Families down, measures across; training time comes from weights.json."""
    names = [name for name in MEASURES if any(name in row.values for row in rows)]
    lines = [f"| | trained for | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        cells = [_cell(row, name) for name in names]
        lines.append(f"| {row.name} | {_trained(table[row.name]) if row.name in table else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _trained(entry: Mapping[str, Any]) -> str:
    """Minutes, and the machine where it was no CPU: minutes of different machines do not compare."""
    machine = entry.get("machine", "CPU")
    return f"{entry['wall_seconds'] / 60:.0f} min" + ("" if machine == "CPU" else f", {machine}")


def _cell(row: Report, name: str) -> str:
    if name not in row.values:
        return ""
    value = f"{row.values[name]:.3g}"
    return f"{value} ({worst(row.groups)[0]})" if name == "worst" and row.groups else value


def _groups(rows: Sequence[Report]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.groups))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row.name} | {' | '.join(f'{row.groups[n]:.3g}' if n in row.groups else '' for n in names)} |" for row in rows]
    return "\n".join(lines)
