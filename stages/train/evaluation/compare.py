"""All families on the same data: which weights a name means, their reports, and the one table of docs/families.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assets import weights
from assets.errors import BackendError, Finding, SpecError
from assets.weights import read_weights_index
from stages.train.evaluation.equal_budget import find_trainable, find_training_size, format_duration, train_equal_budget
from stages.train.evaluation.evaluate import (
    MEASURES,
    EvaluationReport,
    evaluate_training_data,
    evaluate_weights,
    make_not_a_generator_error,
    refuse_unclassifiable,
)
from stages.train.evaluation.metrics import find_worst_group

DATASET_KINDS = {"skin": "skins", "face": "faces", "body": "bodies", "folder": "folder"}
"""First word of a weights' title -> kind of data set."""
CLASSIFIER_KINDS = {"skin": ("skin",), "face": ("face",), "body": (), "folder": ("folder", "face")}
"""First word of a weights' title -> whose readers read such pictures, the best first; bodies need none."""
WeightsTable = Mapping[str, Mapping[str, Any]]
PAGE_HEAD = """# Families of generators

Made by `fenshen evaluate all`. **The rows are the best weights that we have: they were trained for different times, on different
machines and at different sizes.** They tell which weights to take, not which family learns best: that is told by the nets of
`fenshen evaluate all --train TIME`, all trained from nothing on the same data, at the same size, for the same time.

Every family is asked for the ages, genders and tones of the test split, which no training saw; all
measures but the last three come from these samples. `fenshen-frechet` and `fenshen-kernel` are distances on the features of our own
reader: they compare rows of one table, never with a published FID. The last row of each table scores training examples in place of
samples: it is what a perfect memory would reach, and its distances show how far two sets of real people lie apart.
Pictures of all sizes are compared at the reader's 64 px (portraits) or 128 px (skins).
Sheets of 64 samples and cards, which tell what is weak, lie beside the weights in `assets/weights/`.
"""
EQUAL_BUDGET_TITLE = "## The same data, size and time"
EQUAL_BUDGET_HEAD = """Made by `fenshen evaluate {name} --train {time}`: every family was trained from scratch, with the recipe of
docs/training.md and seed 0, and was trained for {time} on the same data at the same size; the weights of its best validation are measured,
with the measures above. A latent diffusion gives half of the time to its autoencoder. Where `trained for` names different machines,
their rows do not compare; beside other work a net takes fewer steps in the time.
"""


def find_titles(table: WeightsTable, name: str) -> list[str]:
    """Titles of weights.json that `name` means: all generators, a family's, or one; raises SpecError where there is none."""
    there = [title for title, entry in table.items() if entry.get("net") not in (None, "classifier")]
    found = [title for title in there if name in ("all", title, table[title]["net"], title.partition("-")[2])]
    if not found:
        known = f"take all or one of {', '.join(sorted(there))}; " if there else ""
        fix = f"{known}name the folder of your own as --weights"
        raise SpecError(Finding("evaluate/name", f"no weights are called {name!r}", fix=fix))
    return found


@dataclass(frozen=True)
class FeatureSource:
    """Where the features of pictures come from."""

    file: Path | None
    """None for bodies, whose numbers are their features."""
    note: str = ""
    """What has to be said where it is not the reader that was trained with the nets."""


def find_feature_source(title: str, folder: Path) -> FeatureSource:
    """The reader of what the weights `title` make: the one beside them, else the one that ships.

    Raises:
        BackendError: there is none.
    """
    own = title.partition("-")[0]
    for kind in CLASSIFIER_KINDS.get(own, (own,)):
        name, table = f"{kind}-classifier", read_weights_index(folder)
        beside = name in table
        if beside or weights.has_weights(name):
            file = folder / str(table[name]["file"]) if beside else weights.locate_weights(name)
            return FeatureSource(
                file, "" if beside and kind == own else f"Measured on the features of {name}{'' if beside else ', which ships'}."
            )
    if own == "body":
        return FeatureSource(None)
    fix = "train one with `fenshen train classifier` into the folder of the weights"
    raise BackendError(Finding("evaluate/reader", f"{title} is measured on a reader's features, and there is no {own}-classifier", fix=fix))


def refuse_unmeasurable(title: str, folder: Path, data: Path, size: int | None = None) -> None:
    """Raises before a training what measuring the weights `title` would raise after it.

    Args:
        size: pixels a side of the training; the data set's own for None.

    Raises:
        BackendError: no reader reads what they make.
        SpecError: they make nothing, or the reader reads pictures of another size.
    """
    from stages.datasets.shards import read_index

    if title.endswith("-classifier"):
        raise make_not_a_generator_error(title)
    index, reader = read_index(data), find_feature_source(title, folder)
    if reader.file is not None:
        refuse_unclassifiable(reader.file, size or index["size"], 6 if index["kind"] == "skins" else 3)


def compare_weights(
    name: str,
    folder: Path,
    data: Sequence[Path],
    *,
    inception: Path | None = None,
    readers: Path | None = None,
    told: Callable[[EvaluationReport], None] | None = None,
) -> list[EvaluationReport]:
    """Reports of the weights in a folder that `name` means, each on the data set of its kind, beside the training data's own.

    Args:
        readers: folder of the readers where it is not that of the weights.

    Raises:
        SpecError: nothing has that name, or no data set of a net's kind was given.
        BackendError, FormatError: as stages.train.evaluation.evaluate.evaluate_weights.
    """
    table, by_kind = read_weights_index(folder), _index_by_kind(data)
    titles = _find_measurable(name, table, by_kind)
    reports = []
    for report in _evaluate_titles(titles, folder, by_kind, readers or folder, inception):
        reports.append(report)
        if told is not None:
            told(report)
    return reports


def compare_equal_budget(
    name: str,
    folder: Path,
    data: Sequence[Path],
    out: Path,
    seconds: float,
    *,
    inception: Path | None = None,
    begun: Callable[[str], None] | None = None,
    told: Callable[[EvaluationReport], None] | None = None,
) -> tuple[list[EvaluationReport], WeightsTable]:
    """Reports of nets like those in the folder that `name` means, each trained anew for as long, and the table of their weights.

    Args:
        out: where they are trained; what is there for these seconds is not trained again.
        begun: is told in a sentence which net is trained.

    Raises:
        as compare and stages.train.evaluation.equal_budget.train_equal_budget.
    """
    reports: list[EvaluationReport] = []
    table: dict[str, Mapping[str, Any]] = {}
    by_kind = _index_by_kind(data)
    titles = find_trainable(_find_measurable(name, read_weights_index(folder), by_kind))
    kinds = dict.fromkeys(title.split("-")[0] for title in titles)
    for title in titles:  # whatever could not be measured is told before the first training
        kind = title.split("-")[0]
        refuse_unmeasurable(title, folder, by_kind[DATASET_KINDS[kind]], find_training_size(kind, by_kind[DATASET_KINDS[kind]]))
    for kind in kinds:
        own = [title for title in titles if title.split("-")[0] == kind]
        made = train_equal_budget(own, by_kind[DATASET_KINDS[kind]], out, seconds, begun)
        table |= {title: read_weights_index(made)[title] for title in own}
        for report in _evaluate_titles(own, made, by_kind, folder, inception):
            reports.append(report)
            if told is not None:
                told(report)
    return reports, table


def _index_by_kind(data: Sequence[Path]) -> dict[str, Path]:
    """Kind of data set -> its folder."""
    from stages.datasets.shards import read_index

    return {str(read_index(path)["kind"]): path for path in data}


def _find_measurable(name: str, table: WeightsTable, by_kind: Mapping[str, Path]) -> list[str]:
    """Titles that `name` means and that there is a data set for; raises SpecError where that is none."""
    meant = find_titles(table, name)
    titles = [title for title in meant if DATASET_KINDS.get(title.split("-")[0]) in by_kind]
    if not titles:
        message = f"no data set given is of the kind that {name} makes"
        kinds = dict.fromkeys(DATASET_KINDS.get(kind, kind) for kind in (title.split("-")[0] for title in meant))
        raise SpecError(Finding("evaluate/data", message, fix=f"give a set of {' or '.join(kinds)}"))
    return titles


def _evaluate_titles(
    titles: list[str], folder: Path, by_kind: Mapping[str, Path], readers: Path, inception: Path | None
) -> Iterator[EvaluationReport]:
    table = read_weights_index(folder)
    for kind in dict.fromkeys(title.split("-")[0] for title in titles):
        data, reader = by_kind[DATASET_KINDS[kind]], find_feature_source(kind, readers)
        for title in titles:
            if title.split("-")[0] == kind:
                file, sha256 = folder / table[title]["file"], table[title]["sha256"]
                yield replace(evaluate_weights(file, data, reader=reader.file, inception=inception, sha256=sha256), note=reader.note)
        yield replace(evaluate_training_data(data, reader=reader.file, inception=inception), note=reader.note)


def format_page(reports: Sequence[EvaluationReport], table: WeightsTable) -> str:
    """The page of all reports: one table a data set, then what each measure means and every group's distance."""
    parts = [PAGE_HEAD]
    for data in dict.fromkeys(report.data for report in reports):
        rows = [report for report in reports if report.data == data]
        parts += [*_format_data_set("##", rows, table), "By group:", "", _format_groups(rows), ""]
    parts += ["## Measures", "", "| measure | meaning | does not see |", "|---|---|---|"]
    parts += [f"| {name} | {told.meaning} | {told.blind} |" for name, told in MEASURES.items()]
    return "\n".join(parts) + "\n"


def format_equal_budget_section(name: str, seconds: float, reports: Sequence[EvaluationReport], table: WeightsTable) -> str:
    """The section of nets that were trained alike: one table a data set."""
    parts = [EQUAL_BUDGET_TITLE, "", EQUAL_BUDGET_HEAD.format(name=name, time=format_duration(seconds))]
    for data in dict.fromkeys(report.data for report in reports):
        parts += _format_data_set("###", [report for report in reports if report.data == data], table)
    return "\n".join(parts)


def _format_data_set(mark: str, rows: Sequence[EvaluationReport], table: WeightsTable) -> list[str]:
    """Lines of one data set's reports: heading, what has to be said of the reader, values."""
    noted = [rows[0].note, ""] if rows[0].note else []
    return [f"{mark} {rows[0].data}: {rows[0].samples} samples a family", "", *noted, _format_values(rows, table), ""]


def replace_equal_budget_section(page: str, section: str) -> str:
    """The page with this section as its last, an older one replaced."""
    return f"{page.partition(EQUAL_BUDGET_TITLE)[0].rstrip()}\n\n{section.rstrip()}\n".lstrip()


def extract_equal_budget_section(page: str) -> str:
    """The section of a page, for the one that takes its place; empty where it has none."""
    _, there, rest = page.partition(EQUAL_BUDGET_TITLE)
    return there + rest


CARD_SECTION = "## Measured by `fenshen evaluate`"


def add_report_to_card(card: str, report: EvaluationReport, rival: EvaluationReport) -> str:
    """The model card with this report (and training examples' scores beside it) as its last section, an older one replaced."""
    names = [name for name in MEASURES if name in report.values]
    lines = [CARD_SECTION, "", f"{report.samples} samples on the test split of {report.data}; docs/families.md tells what each means.", ""]
    lines += ["| measure | this net | training examples |", "|---|---|---|"]
    lines += [f"| {name} | {_format_cell(report, name)} | {_format_cell(rival, name)} |" for name in names]
    return f"{card.split(CARD_SECTION)[0].rstrip()}\n\n" + "\n".join(lines) + "\n"


def _format_values(rows: Sequence[EvaluationReport], table: WeightsTable) -> str:
    """Families down, measures across; training time comes from weights.json."""
    names = [name for name in MEASURES if any(name in row.values for row in rows)]
    lines = [f"| | trained for | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        cells = [_format_cell(row, name) for name in names]
        lines.append(f"| {row.name} | {_format_training(table[row.name]) if row.name in table else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_training(entry: Mapping[str, Any]) -> str:
    """Minutes and steps, and the machine where it was no CPU: minutes of different machines do not compare."""
    machine = entry.get("machine", "CPU")
    steps = f", {entry['steps']:,} steps" if "steps" in entry else ""
    return f"{entry['wall_seconds'] / 60:.0f} min{steps}" + ("" if machine == "CPU" else f", {machine}")


def _format_cell(row: EvaluationReport, name: str) -> str:
    if name not in row.values:
        return ""
    value = f"{row.values[name]:.3g}"
    return f"{value} ({find_worst_group(row.groups)[0]})" if name == "worst" and row.groups else value


def _format_groups(rows: Sequence[EvaluationReport]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.groups))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row.name} | {' | '.join(f'{row.groups[n]:.3g}' if n in row.groups else '' for n in names)} |" for row in rows]
    return "\n".join(lines)
