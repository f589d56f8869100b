"""`fenshen explore`: find a person on a local page, by sliders, seeds, mixing and text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.choices import complete_presets
from flows.cli.console import out, report_findings

DEFAULT_PORT = 8770


def explore(
    spec: Annotated[str | None, typer.Argument(help="Spec file or preset to begin with.", autocompletion=complete_presets)] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = DEFAULT_PORT,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Find a person on a page of this machine: sliders, seeds, mixing, neighbours, and a button that writes the spec.

    The spec is written into the folder of the file that it began with, or into this folder. Only this machine can open the page.

    Example: `fenshen explore ada.yaml --open`
    """
    with report_findings():
        from assets.spec.read import PRESETS_FOLDER, read_spec
        from flows.explore.app import create_app
        from flows.explore.document import Document
        from flows.explore.studio import Studio
        from flows.live.access import Access
        from flows.live.server import run_server
        from flows.pipeline.spec_choices import collect_spec_choices

        document = Document(Path.cwd())
        if spec:
            found = Document.from_file(read_spec(spec, constraints=collect_spec_choices()))
            document = found if found.folder != PRESETS_FOLDER else Document(Path.cwd(), found.base)

        def announce(address: str) -> None:
            out.print(f"{document.base.get('name', 'somebody')}: {address}/")
            if open_page:
                typer.launch(f"{address}/")

        studio = Studio()
        run_server(create_app(document, Access(), studio), "127.0.0.1", port, announce, studio.stop)
        out.print("stopped")
