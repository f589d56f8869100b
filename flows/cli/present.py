"""`fenshen present`: a finished bundle presents slides in a film."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.choices import JsonOption
from flows.cli.console import out, report_findings
from flows.cli.live_display import ConsoleDisplay


def present(
    bundle: Annotated[Path, typer.Argument(help="A bundle folder.")],
    script: Annotated[Path, typer.Argument(help="Markdown: slides separated by ---, what is said in comments <!-- ... -->.")],
    film: Annotated[Path, typer.Option("--out", "-o", help="The film, an mp4; its captions are written next to it as .srt.")] = Path(
        "talk.mp4"
    ),
    audio: Annotated[Path | None, typer.Option("--audio", help="A recording (WAV) that is heard instead of the bundle's voice.")] = None,
    height: Annotated[int, typer.Option(min=90, max=1080, help="Rows of the picture, a multiple of 18; it is 16:9.")] = 720,
    as_json: JsonOption = False,
) -> None:
    """Film a bundle's figure as it presents slides.

    The figure speaks with the bundle's voice, or moves to a recording. 25 frames a second, H.264 and AAC, captions in the picture and
    as SRT. Needs ffmpeg.

    Example: `fenshen present build/kofi talk.md -o talk.mp4`
    """
    from flows.engine.run_flow import run_presentation
    from flows.pipeline.talk import TalkRequest, make_film_options

    started = time.monotonic()
    with report_findings(as_json):
        request = TalkRequest(bundle, script, film, audio, make_film_options(height))
        made = run_presentation(request, ConsoleDisplay(silent=as_json))
    if as_json:
        out.print_json(json.dumps({"ok": True, **made}, ensure_ascii=False))
    else:
        _print_film(made, time.monotonic() - started)


def _print_film(made: dict[str, Any], seconds: float) -> None:
    for warning in made["warnings"]:
        out.print(f"warning: {warning}", style="yellow")
    lines = f"{made['new_lines']} new lines spoken, {made['bundle_lines']} of the bundle's own"
    out.print(f"{made['film']}: {made['slides']} slides, {made['seconds']:.1f} s of film in {seconds:.1f} s; {lines}")
    out.print(f"{made['captions']}: captions")
