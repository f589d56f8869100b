"""`fenshen evaluate`: measures shipped nets on a data set and writes the table of all families."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from assets.errors import Finding, SpecError
from flows.cli.console import err, out, report_findings
from flows.cli.train import parse_duration

if TYPE_CHECKING:
    from stages.train.evaluation.evaluate import EvaluationReport

    ReportCallback = Callable[[EvaluationReport], None] | None


def evaluate(
    net: Annotated[str, typer.Argument(metavar="NET", help='A family, a weights\' title (skin-unet), or "all".')],
    data: Annotated[list[Path], typer.Option(help="A folder of `fenshen data`; give one a kind.")],
    weights: Annotated[Path | None, typer.Option(help="Folder of weights.json; the committed ones by default.")] = None,
    inception: Annotated[Path | None, typer.Option(help="Your Inception v3 weights (torchvision's file), for FID and KID.")] = None,
    page: Annotated[Path | None, typer.Option(help="Where the table goes; docs/families.md for all.")] = None,
    cards: Annotated[bool, typer.Option("--cards", help="Write the numbers into the model cards beside the weights.")] = False,
    alike: Annotated[
        str | None, typer.Option("--train", metavar="TIME", help="Train every family anew for so long (4m) and compare these; needs hours.")
    ] = None,
    out_dir: Annotated[Path, typer.Option("--out", help="Where --train trains; what is there is not trained again.")] = Path("build/alike"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Measure how good generators are, on people that training never saw.

    Example: `fenshen evaluate all --data build/skins --data build/bodies`

    The same data, size and time for all: `fenshen evaluate all --train 4m --data sets/faces128 --out build/alike`
    """
    from assets.store import write_atomic
    from assets.weights import WEIGHTS_FOLDER

    with report_findings(as_json):
        folder = weights or WEIGHTS_FOLDER
        target = _choose_page(net, folder, page)
        told = None if as_json else lambda report: out.print(_make_report_table(report))
        if alike is not None:
            reports, text = _evaluate_equal_budget(net, folder, data, out_dir, parse_duration(alike), inception, told, target, cards=cards)
        else:
            reports, text = _evaluate_existing(net, folder, data, inception, told, target)
        if as_json:
            out.print_json(json.dumps({"ok": True, "reports": [asdict(report) for report in reports]}))
        if cards:
            _write_cards(folder, reports)
        if target is not None:
            write_atomic(target, text.encode())
            if not as_json:
                out.print(f"{target}: {len(reports)} rows")


def _choose_page(net: str, folder: Path, page: Path | None) -> Path | None:
    """Where the table goes; raises SpecError where docs/families.md would tell of weights that are not the committed ones."""
    from assets.paths import PROJECT_ROOT
    from assets.weights import WEIGHTS_FOLDER

    if page is not None or net != "all":
        return page
    if folder.resolve() != WEIGHTS_FOLDER.resolve():
        raise SpecError(
            Finding("evaluate/page", f"docs/families.md is the page of the committed weights, not of {folder}", fix="give --page FILE")
        )
    return PROJECT_ROOT / "docs" / "families.md"


def _evaluate_existing(
    net: str, folder: Path, data: list[Path], inception: Path | None, told: ReportCallback, page: Path | None
) -> tuple[list[EvaluationReport], str]:
    """Reports of the weights in the folder and the page of them; a section of nets trained alike stays."""
    from assets.weights import read_weights_index
    from stages.train.evaluation.compare import compare_weights, extract_equal_budget_section, format_page, replace_equal_budget_section

    reports = compare_weights(net, folder, data, inception=inception, told=told)
    text, kept = format_page(reports, read_weights_index(folder)), extract_equal_budget_section(_read_page(page))
    return reports, replace_equal_budget_section(text, kept) if kept else text


def _evaluate_equal_budget(
    net: str,
    folder: Path,
    data: list[Path],
    out_dir: Path,
    seconds: float,
    inception: Path | None,
    told: ReportCallback,
    page: Path | None,
    *,
    cards: bool,
) -> tuple[list[EvaluationReport], str]:
    """Reports of nets trained for as long, and the page with their section."""
    from stages.train.evaluation.compare import compare_equal_budget, format_equal_budget_section, replace_equal_budget_section

    if cards:
        raise SpecError(
            Finding("evaluate/cards", "--cards writes of the weights in use, --train makes others", fix="leave one of them out")
        )
    reports, table = compare_equal_budget(
        net, folder, data, out_dir, seconds, inception=inception, begun=lambda text: err.print(text, highlight=False), told=told
    )
    return reports, replace_equal_budget_section(_read_page(page), format_equal_budget_section(net, seconds, reports, table))


def _read_page(page: Path | None) -> str:
    return page.read_text(encoding="utf-8") if page is not None and page.exists() else ""


def _write_cards(folder: Path, reports: list[EvaluationReport]) -> None:
    from assets.store import write_atomic
    from stages.train.evaluation.compare import add_report_to_card

    rivals = {report.data: report for report in reports if not (folder / f"{report.name}.md").exists()}
    for report in reports:
        card = folder / f"{report.name}.md"
        if card.exists():
            write_atomic(card, add_report_to_card(card.read_text(encoding="utf-8"), report, rivals[report.data]).encode())


def _make_report_table(report: EvaluationReport) -> Table:
    table = Table("measure", "value", title=f"{report.name} on {report.data}", caption=report.note or None, title_justify="left", box=None)
    for name, value in report.values.items():
        table.add_row(name, f"{value:.3g}")
    for name, value in report.groups.items():
        table.add_row(f"  {name}", f"{value:.3g}")
    return table
