"""`fenshen evaluate`: measures weights on a data set and writes the table of all families."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from assets.errors import Finding, SpecError
from flows.cli.console import err, out, report_findings
from flows.cli.train import parse_duration

if TYPE_CHECKING:
    from stages.train.evaluation.compare import ReportCallback
    from stages.train.evaluation.evaluate import EvaluationReport


def evaluate(
    net: Annotated[str, typer.Argument(metavar="NET", help='A family, a weights\' title (skin-unet), or "all".')],
    data: Annotated[list[Path], typer.Option(help="A folder of `fenshen data`; one per kind.")],
    weights: Annotated[Path | None, typer.Option(help="Folder of weights.json; the committed ones by default.")] = None,
    inception: Annotated[Path | None, typer.Option(help="Your Inception v3 weights (torchvision's file), for FID and KID.")] = None,
    page: Annotated[Path | None, typer.Option(help="File of the table; docs/families.md for all.")] = None,
    cards: Annotated[bool, typer.Option("--cards", help="Write the numbers into the model cards next to the weights.")] = False,
    equal_budget: Annotated[
        str | None,
        typer.Option("--train", metavar="TIME", help="Train every family from scratch for this time (4m) and compare these; needs hours."),
    ] = None,
    out_dir: Annotated[
        Path, typer.Option("--out", help="Folder for the nets of --train; nets already there are not trained again.")
    ] = Path("build/equal-budget"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Measure how good generators are, on people unseen in training.

    Example: `fenshen evaluate all --data build/skins --data build/bodies`

    The same data, size and time for all: `fenshen evaluate all --train 4m --data sets/faces128 --out build/equal-budget`
    """
    from assets.store import write_atomic
    from assets.weights import WEIGHTS_FOLDER

    with report_findings(as_json):
        folder = weights or WEIGHTS_FOLDER
        target = _choose_page(net, folder, page)
        on_report = _ignore_report if as_json else _print_report
        if equal_budget is not None:
            seconds = parse_duration(equal_budget)
            reports, text = _evaluate_equal_budget(net, folder, data, out_dir, seconds, inception, on_report, target, cards=cards)
        else:
            reports, text = _evaluate_existing(net, folder, data, inception, on_report, target)
        if as_json:
            out.print_json(json.dumps({"ok": True, "reports": [asdict(report) for report in reports]}))
        if cards:
            _write_cards(folder, reports)
        if target is not None:
            write_atomic(target, text.encode())
            if not as_json:
                out.print(f"{target}: {len(reports)} rows")


def _choose_page(net: str, folder: Path, page: Path | None) -> Path | None:
    """The file of the table; raises SpecError if docs/families.md would describe other weights than the committed ones."""
    from assets.paths import PROJECT_ROOT
    from assets.weights import WEIGHTS_FOLDER

    if page is not None or net != "all":
        return page
    if folder.resolve() != WEIGHTS_FOLDER.resolve():
        message = f"docs/families.md describes the committed weights, not those of {folder}"
        raise SpecError(Finding("evaluate/page", message, fix="give --page FILE"))
    return PROJECT_ROOT / "docs" / "families.md"


def _evaluate_existing(
    net: str, folder: Path, data: list[Path], inception: Path | None, on_report: ReportCallback, page: Path | None
) -> tuple[list[EvaluationReport], str]:
    """Reports of the weights in the folder and their page, which keeps its equal-budget section."""
    from assets.weights import read_weights_index
    from stages.train.evaluation.compare import compare_weights, extract_equal_budget_section, format_page, replace_equal_budget_section

    reports = compare_weights(net, folder, data, inception=inception, on_report=on_report)
    text, section = format_page(reports, read_weights_index(folder)), extract_equal_budget_section(_read_page(page))
    return reports, replace_equal_budget_section(text, section) if section else text


def _evaluate_equal_budget(
    net: str,
    folder: Path,
    data: list[Path],
    out_dir: Path,
    seconds: float,
    inception: Path | None,
    on_report: ReportCallback,
    page: Path | None,
    *,
    cards: bool,
) -> tuple[list[EvaluationReport], str]:
    """Reports of nets trained for that time, and the page with their section."""
    from stages.train.evaluation.compare import compare_equal_budget, format_equal_budget_section, replace_equal_budget_section

    if cards:
        message = "--cards describes the weights in use, but --train makes others"
        raise SpecError(Finding("evaluate/cards", message, fix="remove one of the two options"))
    reports, table = compare_equal_budget(
        net, folder, data, out_dir, seconds, inception=inception, on_start=_print_message, on_report=on_report
    )
    return reports, replace_equal_budget_section(_read_page(page), format_equal_budget_section(net, seconds, reports, table))


def _read_page(page: Path | None) -> str:
    return page.read_text(encoding="utf-8") if page is not None and page.exists() else ""


def _write_cards(folder: Path, reports: list[EvaluationReport]) -> None:
    """Writes each report into its card, next to the report of the training data, which has no card."""
    from assets.store import write_atomic
    from stages.train.evaluation.compare import add_report_to_card

    baselines = {report.data: report for report in reports if not (folder / f"{report.name}.md").exists()}
    for report in reports:
        card = folder / f"{report.name}.md"
        if card.exists():
            write_atomic(card, add_report_to_card(card.read_text(encoding="utf-8"), report, baselines[report.data]).encode())


def _print_message(text: str) -> None:
    err.print(text, highlight=False)


def _ignore_report(report: EvaluationReport) -> None:
    """With --json all reports are printed at the end."""


def _print_report(report: EvaluationReport) -> None:
    table = Table("measure", "value", title=f"{report.name} on {report.data}", caption=report.note or None, title_justify="left", box=None)
    for name, value in report.values.items():
        table.add_row(name, f"{value:.3g}")
    for name, value in report.groups.items():
        table.add_row(f"  {name}", f"{value:.3g}")
    out.print(table)
