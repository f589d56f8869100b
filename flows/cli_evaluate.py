"""`fenshen evaluate`: measures shipped nets on a data set and writes the table of all families."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flows.console import findings, out


def evaluate(
    net: Annotated[str, typer.Argument(metavar="NET", help='A family, a weights\' title (skin-unet), or "all".')],
    data: Annotated[list[Path], typer.Option(help="A folder of `fenshen data`; give one a kind.")],
    weights: Annotated[Path | None, typer.Option(help="Folder of weights.json; the committed ones by default.")] = None,
    inception: Annotated[Path | None, typer.Option(help="Your Inception v3 weights (torchvision's file), for FID and KID.")] = None,
    page: Annotated[Path | None, typer.Option(help="Where the table goes; docs/families.md for all.")] = None,
    cards: Annotated[bool, typer.Option("--cards", help="Write the numbers into the model cards beside the weights.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Measure how good generators are, on people that training never saw.

    Example: `fenshen evaluate all --data build/skins --data build/bodies`
    """
    from assets.home import ROOT
    from assets.store import write_atomic
    from assets.weights import table_of
    from stages.train.compare import compare, markdown

    with findings(as_json):
        folder = weights or ROOT / "assets" / "weights"
        reports = compare(net, folder, data, inception=inception, told=None if as_json else lambda report: out.print(_shown(report)))
        if as_json:
            out.print_json(json.dumps({"ok": True, "reports": [asdict(report) for report in reports]}))
        if cards:
            _write_cards(folder, reports)
        if page is not None or net == "all":
            target = page or ROOT / "docs" / "families.md"
            write_atomic(target, markdown(reports, table_of(folder)).encode())
            if not as_json:
                out.print(f"{target}: {len(reports)} rows")


def _write_cards(folder: Path, reports: list[Any]) -> None:
    from assets.store import write_atomic
    from stages.train.compare import into_card

    rivals = {report.data: report for report in reports if not (folder / f"{report.name}.md").exists()}
    for report in reports:
        card = folder / f"{report.name}.md"
        if card.exists():
            write_atomic(card, into_card(card.read_text(encoding="utf-8"), report, rivals[report.data]).encode())


def _shown(report: Any) -> Table:
    table = Table("measure", "value", title=f"{report.name} on {report.data}", caption=report.note or None, title_justify="left", box=None)
    for name, value in report.values.items():
        table.add_row(name, f"{value:.3g}")
    for name, value in report.groups.items():
        table.add_row(f"  {name}", f"{value:.3g}")
    return table
