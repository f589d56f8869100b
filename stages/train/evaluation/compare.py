"""All families on the same data: which weights a name refers to, their reports, and the tables of docs/families.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assets import weights
from assets.errors import BackendError, Finding, SpecError
from assets.weights import WeightsIndex, read_weights_index
from stages.train.evaluation.equal_budget import (
    MessageCallback,
    find_trainable,
    find_training_size,
    format_duration,
    train_equal_budget,
)
from stages.train.evaluation.evaluate import (
    MEASURES,
    NOT_GENERATORS,
    EvaluationReport,
    evaluate_training_data,
    evaluate_weights,
    make_not_a_generator_error,
    refuse_unclassifiable,
)
from stages.train.evaluation.metrics import find_worst_group

DATASET_KINDS = {"skin": "skins", "face": "faces", "portrait": "portraits", "body": "bodies", "folder": "folder"}
"""First word of a weights' title -> kind of data set."""
CLASSIFIER_KINDS = {"skin": ("skin",), "face": ("face",), "portrait": ("portrait", "face"), "body": (), "folder": ("folder", "face")}
"""First word of a weights' title -> kinds of classifiers for its images, the best first; bodies need none."""
ReportCallback = Callable[[EvaluationReport], None]
PAGE_HEAD = """# Families of generators

Made by `fenshen evaluate all`. **The rows are the best weights that we have: they were trained for different times, on different
machines and at different sizes.** The tables show which weights to use, not which family learns best: for that, see the nets of
`fenshen evaluate all --train TIME`, all trained from scratch on the same data, at the same size, for the same time.

Every family generates samples for the ages, genders and tones of the test split, which no training has seen; all measures but the
last three are computed on these samples. `fenshen-frechet` and `fenshen-kernel` are distances on the features of our own attribute
classifier: compare them within a table, never with a published FID. The last row of each table scores training examples in place of
samples: this is the score of perfect memorisation, and its distances show how much two sets of real people differ.
Images of all sizes are compared at the classifier's 64 px (portraits) or 128 px (skins).
Sheets of 64 samples, and cards that describe the weaknesses, are next to the weights in `assets/weights/`.
"""
EQUAL_BUDGET_TITLE = "## The same data, size and time"
EQUAL_BUDGET_HEAD = """Made by `fenshen evaluate {name} --train {time}`: every family was trained from scratch for {time} on the same data,
at the same size, with the recipe of docs/training.md and seed 0. The weights of its best validation are measured, with the
measures above. A latent diffusion spends half of the time on its autoencoder. Rows whose `trained for` names different
machines are not comparable; a net takes fewer steps in the time if the machine is busy with other work.
"""


def find_titles(table: WeightsIndex, name: str) -> list[str]:
    """Titles of weights.json that `name` refers to: all generators, a family's, or one; raises SpecError if there are none."""
    generators = [title for title, entry in table.items() if entry.get("net") not in (None, *NOT_GENERATORS)]
    found = [title for title in generators if name in ("all", title, table[title]["net"], title.partition("-")[2])]
    if not found:
        known = f"take all or one of {', '.join(sorted(generators))}; " if generators else ""
        fix = f"{known}give the folder of your own weights as --weights"
        raise SpecError(Finding("evaluate/name", f"there are no weights called {name!r}", fix=fix))
    return found


@dataclass(frozen=True)
class FeatureSource:
    """Where the features of samples come from."""

    file: Path | None
    """The classifier's weights; None for bodies, whose vectors are their features."""
    note: str = ""
    """A remark if it is not the classifier that was trained with the nets."""


def find_feature_source(title: str, folder: Path) -> FeatureSource:
    """The classifier for samples of the weights `title`: the one in their folder, else the bundled one.

    Raises:
        BackendError: there is none.
    """
    own, table = title.partition("-")[0], read_weights_index(folder)
    for kind in CLASSIFIER_KINDS.get(own, (own,)):
        name = f"{kind}-classifier"
        if name in table:
            note = "" if kind == own else f"Measured on the features of {name}."
            return FeatureSource(folder / str(table[name]["file"]), note)
        if weights.has_weights(name):
            return FeatureSource(weights.locate_weights(name), f"Measured on the features of the bundled {name}.")
    if own == "body":
        return FeatureSource(None)
    message = f"measuring {title} needs {own}-classifier, and there are no such weights"
    fix = "train them with `fenshen train classifier` into the folder of the weights"
    raise BackendError(Finding("evaluate/reader", message, fix=fix))


def refuse_unmeasurable(title: str, folder: Path, data: Path, size: int | None = None) -> None:
    """Raises before a training what measuring the weights `title` would raise after it.

    Args:
        size: pixels a side of the training; None for the data set's own.

    Raises:
        BackendError: there is no classifier for their samples.
        SpecError: they generate nothing, or images that the classifier does not take.
    """
    from stages.datasets.shards import read_index

    if (net := title.rpartition("-")[2]) in NOT_GENERATORS:
        raise make_not_a_generator_error(title, net)
    index, source = read_index(data), find_feature_source(title, folder)
    if source.file is not None:
        refuse_unclassifiable(source.file, size or index["size"], 6 if index["kind"] == "skins" else 3)


def compare_weights(
    name: str,
    folder: Path,
    data: Sequence[Path],
    *,
    inception: Path | None = None,
    classifiers: Path | None = None,
    on_report: ReportCallback = lambda _: None,
) -> list[EvaluationReport]:
    """Reports of the weights in a folder that `name` refers to, each on the data set of its kind, and of the training data itself.

    Args:
        classifiers: folder of the classifiers, if it is not that of the weights.

    Raises:
        SpecError: nothing has that name, or no data set of a net's kind was given.
        BackendError, FormatError: as stages.train.evaluation.evaluate.evaluate_weights.
    """
    table, by_kind = read_weights_index(folder), _index_by_kind(data)
    titles = _find_measurable(name, table, by_kind)
    reports = []
    for report in _evaluate_titles(titles, folder, by_kind, classifiers or folder, inception):
        reports.append(report)
        on_report(report)
    return reports


def compare_equal_budget(
    name: str,
    folder: Path,
    data: Sequence[Path],
    out: Path,
    seconds: float,
    *,
    inception: Path | None = None,
    on_start: MessageCallback = lambda _: None,
    on_report: ReportCallback = lambda _: None,
) -> tuple[list[EvaluationReport], WeightsIndex]:
    """Reports of nets like those in the folder that `name` refers to, each trained from scratch for the same time.

    Args:
        out: where they are trained; nets that were already trained there for this time are kept.
        on_start: called with a sentence when a net starts training.

    Returns:
        The reports, and the table of the nets' weights.

    Raises:
        as compare_weights and stages.train.evaluation.equal_budget.train_equal_budget.
    """
    reports: list[EvaluationReport] = []
    table: WeightsIndex = {}
    by_kind = _index_by_kind(data)
    titles = find_trainable(_find_measurable(name, read_weights_index(folder), by_kind))
    kinds = dict.fromkeys(title.split("-")[0] for title in titles)
    for title in titles:  # before the first training, which takes long
        kind = title.split("-")[0]
        refuse_unmeasurable(title, folder, by_kind[DATASET_KINDS[kind]], find_training_size(kind, by_kind[DATASET_KINDS[kind]]))
    for kind in kinds:
        of_kind = [title for title in titles if title.split("-")[0] == kind]
        trained = train_equal_budget(of_kind, by_kind[DATASET_KINDS[kind]], out, seconds, on_start)
        table |= {title: read_weights_index(trained)[title] for title in of_kind}
        for report in _evaluate_titles(of_kind, trained, by_kind, folder, inception):
            reports.append(report)
            on_report(report)
    return reports, table


def _index_by_kind(data: Sequence[Path]) -> dict[str, Path]:
    """Kind of data set -> its folder."""
    from stages.datasets.shards import read_index

    return {str(read_index(path)["kind"]): path for path in data}


def _find_measurable(name: str, table: WeightsIndex, by_kind: Mapping[str, Path]) -> list[str]:
    """Titles that `name` refers to and that have a data set; raises SpecError if there are none."""
    requested = find_titles(table, name)
    titles = [title for title in requested if DATASET_KINDS.get(title.split("-")[0]) in by_kind]
    if not titles:
        kinds = dict.fromkeys(DATASET_KINDS.get(kind, kind) for kind in (title.split("-")[0] for title in requested))
        message = f"none of the data sets is of the kind that {name} generates"
        raise SpecError(Finding("evaluate/data", message, fix=f"give a data set of {' or '.join(kinds)}"))
    return titles


def _evaluate_titles(
    titles: list[str], folder: Path, by_kind: Mapping[str, Path], classifiers: Path, inception: Path | None
) -> Iterator[EvaluationReport]:
    table = read_weights_index(folder)
    for kind in dict.fromkeys(title.split("-")[0] for title in titles):
        data, source = by_kind[DATASET_KINDS[kind]], find_feature_source(kind, classifiers)
        for title in titles:
            if title.split("-")[0] == kind:
                file, sha256 = folder / table[title]["file"], table[title]["sha256"]
                report = evaluate_weights(file, data, classifier=source.file, inception=inception, sha256=sha256)
                yield replace(report, note=source.note)
        yield replace(evaluate_training_data(data, classifier=source.file, inception=inception), note=source.note)


def format_page(reports: Sequence[EvaluationReport], table: WeightsIndex) -> str:
    """The page of all reports: one table per data set, the distances of every group, and a description of the measures."""
    parts = [PAGE_HEAD]
    for data in dict.fromkeys(report.data for report in reports):
        rows = [report for report in reports if report.data == data]
        parts += [*_format_data_set("##", rows, table), "By group:", "", _format_groups(rows), ""]
    return "\n".join([*parts, *_format_measures()]) + "\n"


def _format_measures() -> list[str]:
    """Lines of the table that describes the measures."""
    head = ["## Measures", "", "| measure | meaning | does not see |", "|---|---|---|"]
    return [*head, *(f"| {name} | {description.meaning} | {description.blind} |" for name, description in MEASURES.items())]


def format_equal_budget_section(name: str, seconds: float, reports: Sequence[EvaluationReport], table: WeightsIndex) -> str:
    """The section of nets trained with an equal budget: one table per data set."""
    parts = [EQUAL_BUDGET_TITLE, "", EQUAL_BUDGET_HEAD.format(name=name, time=format_duration(seconds))]
    for data in dict.fromkeys(report.data for report in reports):
        parts += _format_data_set("###", [report for report in reports if report.data == data], table)
    return "\n".join(parts)


def _format_data_set(mark: str, rows: Sequence[EvaluationReport], table: WeightsIndex) -> list[str]:
    """Lines of one data set's reports: heading, the remark on the classifier, values."""
    note = [rows[0].note, ""] if rows[0].note else []
    return [f"{mark} {rows[0].data}: {rows[0].samples} samples per family", "", *note, _format_values(rows, table), ""]


def replace_equal_budget_section(page: str, section: str) -> str:
    """The page with this section at its end, in place of an older one."""
    return f"{page.partition(EQUAL_BUDGET_TITLE)[0].rstrip()}\n\n{section.rstrip()}\n".lstrip()


def extract_equal_budget_section(page: str) -> str:
    """The equal-budget section of a page; empty if it has none."""
    _, title, rest = page.partition(EQUAL_BUDGET_TITLE)
    return title + rest


CARD_SECTION = "## Measured by `fenshen evaluate`"


def add_report_to_card(card: str, report: EvaluationReport, baseline: EvaluationReport) -> str:
    """The model card with this report at its end, in place of an older one, and the training examples' scores for comparison."""
    names = [name for name in MEASURES if name in report.values]
    lines = [CARD_SECTION, "", f"{report.samples} samples on the test split of {report.data}; docs/families.md explains the measures.", ""]
    lines += ["| measure | this net | training examples |", "|---|---|---|"]
    lines += [f"| {name} | {_format_cell(report, name)} | {_format_cell(baseline, name)} |" for name in names]
    return f"{card.split(CARD_SECTION)[0].rstrip()}\n\n" + "\n".join(lines) + "\n"


def _format_values(rows: Sequence[EvaluationReport], table: WeightsIndex) -> str:
    """Families down, measures across; training time comes from weights.json."""
    names = [name for name in MEASURES if any(name in row.values for row in rows)]
    lines = [f"| | trained for | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        cells = [_format_cell(row, name) for name in names]
        lines.append(f"| {row.name} | {_format_training(table[row.name]) if row.name in table else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_training(entry: Mapping[str, Any]) -> str:
    """Minutes and steps, and the machine unless it was a CPU: minutes on different machines are not comparable."""
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
