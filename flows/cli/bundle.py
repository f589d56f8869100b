"""`fenshen inspect` and `preview`: a finished bundle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from assets.errors import Finding, FormatError, GateError
from flows.cli.console import out, report_findings

BundleArgument = Annotated[Path, typer.Argument(help="A bundle folder.")]


def inspect(bundle: BundleArgument) -> None:
    """List the files of a bundle and check their digests.

    Example: `fenshen inspect build/kofi`
    """
    from assets.bundle import read_manifest
    from stages.verify.gates.rights import check_folder

    with report_findings():
        manifest = read_manifest(bundle)
        if found := check_folder(bundle):
            raise GateError(*found)
        table = Table("file", "KB", "role", "licence", box=None)
        for file in manifest["files"]:
            table.add_row(file["path"], f"{file['bytes'] / 1000:.0f}", file["role"], file["licence"])
        out.print(table)
        out.print(f"{manifest['name']}: {len(manifest['files'])} files, all digests match")


def preview(bundle: BundleArgument) -> None:
    """Open a bundle's report in the browser, and print its path.

    Example: `fenshen preview build/kofi`
    """
    from assets.bundle import read_manifest

    with report_findings():
        read_manifest(bundle)
        page = (bundle / "report.html").resolve()
        if not page.is_file():
            raise FormatError(Finding("bundle/report", f"{bundle} has no report.html", fix="build it again"))
        out.print(str(page))
        if sys.stdout.isatty():
            typer.launch(page.as_uri())
