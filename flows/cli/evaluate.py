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
from flows.cli.console import err, findings, out
from flows.cli.train import seconds_of

if TYPE_CHECKING:
    from stages.train.evaluation.evaluate import Report

    Told = Callable[[Report], None] | None


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
    from assets.weights import FOLDER

    with findings(as_json):
        folder = weights or FOLDER
        target = _page(net, folder, page)
        told = None if as_json else lambda report: out.print(_shown(report))
        if alike is not None:
            reports, text = _alike(net, folder, data, out_dir, seconds_of(alike), inception, told, target, cards=cards)
        else:
            reports, text = _as_they_are(net, folder, data, inception, told, target)
        if as_json:
            out.print_json(json.dumps({"ok": True, "reports": [asdict(report) for report in reports]}))
        if cards:
            _write_cards(folder, reports)
        if target is not None:
            write_atomic(target, text.encode())
            if not as_json:
                out.print(f"{target}: {len(reports)} rows")


def _page(net: str, folder: Path, page: Path | None) -> Path | None:
    """Where the table goes; raises SpecError where docs/families.md would tell of weights that are not the committed ones."""
    from assets.paths import ROOT
    from assets.weights import FOLDER

    if page is not None or net != "all":
        return page
    if folder.resolve() != FOLDER.resolve():
        raise SpecError(
            Finding("evaluate/page", f"docs/families.md is the page of the committed weights, not of {folder}", fix="give --page FILE")
        )
    return ROOT / "docs" / "families.md"


def _as_they_are(
    net: str, folder: Path, data: list[Path], inception: Path | None, told: Told, page: Path | None
) -> tuple[list[Report], str]:
    """Reports of the weights in the folder and the page of them; a section of nets trained alike stays."""
    from assets.weights import table_of
    from stages.train.evaluation.compare import alike_of, compare, markdown, with_alike

    reports = compare(net, folder, data, inception=inception, told=told)
    text, kept = markdown(reports, table_of(folder)), alike_of(_text(page))
    return reports, with_alike(text, kept) if kept else text


def _alike(
    net: str,
    folder: Path,
    data: list[Path],
    out_dir: Path,
    seconds: float,
    inception: Path | None,
    told: Told,
    page: Path | None,
    *,
    cards: bool,
) -> tuple[list[Report], str]:
    """Reports of nets trained for as long, and the page with their section."""
    from stages.train.evaluation.compare import alike_markdown, compare_alike, with_alike

    if cards:
        raise SpecError(
            Finding("evaluate/cards", "--cards writes of the weights in use, --train makes others", fix="leave one of them out")
        )
    reports, table = compare_alike(
        net, folder, data, out_dir, seconds, inception=inception, begun=lambda text: err.print(text, highlight=False), told=told
    )
    return reports, with_alike(_text(page), alike_markdown(net, seconds, reports, table))


def _text(page: Path | None) -> str:
    return page.read_text(encoding="utf-8") if page is not None and page.exists() else ""


def _write_cards(folder: Path, reports: list[Report]) -> None:
    from assets.store import write_atomic
    from stages.train.evaluation.compare import into_card

    rivals = {report.data: report for report in reports if not (folder / f"{report.name}.md").exists()}
    for report in reports:
        card = folder / f"{report.name}.md"
        if card.exists():
            write_atomic(card, into_card(card.read_text(encoding="utf-8"), report, rivals[report.data]).encode())


def _shown(report: Report) -> Table:
    table = Table("measure", "value", title=f"{report.name} on {report.data}", caption=report.note or None, title_justify="left", box=None)
    for name, value in report.values.items():
        table.add_row(name, f"{value:.3g}")
    for name, value in report.groups.items():
        table.add_row(f"  {name}", f"{value:.3g}")
    return table
