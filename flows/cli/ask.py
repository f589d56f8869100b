"""`fenshen ask`: a question to a finished bundle, answered as its report page and a live talk would answer it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.errors import Finding, FormatError
from flows.cli.bundle import BundleArgument
from flows.cli.console import out, report_findings

MAX_DIALOGUE_BYTES = 50_000_000
"""Of dialogue.json: the largest persona that a spec may have takes a tenth of it."""


def ask(
    bundle: BundleArgument,
    question: Annotated[str, typer.Argument(help="What a visitor says, in any words.")],
    after: Annotated[list[str] | None, typer.Option(help="A previous question; may be repeated, the oldest first.")] = None,
    encoder: Annotated[str | None, typer.Option(help="A transformers encoder, a folder or an id, as in persona.encoder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the line's id, score, follow-up, source and reason as JSON.")] = False,
) -> None:
    """Ask a bundle a question and print the line that answers it.

    Example: `fenshen ask build/kofi "How do I get in?" --after "Where is the museum?"`
    """
    from stages.dialogue.answerer import Answerer, Turn, format_source
    from stages.dialogue.embedding import load_encoder

    with report_findings():
        answerer = Answerer.from_dialogue(read_dialogue(bundle), encoder=load_encoder(encoder))
        history: list[Turn] = []
        for earlier in after or ():
            history.append(Turn(earlier, answerer.answer(earlier, history).lines))
        answer = answerer.answer(question, history)
        if not as_json:
            out.print(answer.text, markup=False, highlight=False)
            for source in answer.sources:
                out.print(f"({format_source(source)})", markup=False, highlight=False, style="dim")
            return
        found = {"line": answer.lines[0], "lines": answer.lines, "text": answer.text, "score": answer.score, "next": answer.next}
        typer.echo(json.dumps(found | {"source": list(answer.sources), "why": answer.why}, ensure_ascii=False))


def read_dialogue(bundle: Path) -> dict[str, Any]:
    """The parsed dialogue.json of a bundle.

    Raises:
        FormatError: the folder is no bundle, or its dialogue.json is missing or damaged.
    """
    from assets.bundle import read_manifest

    read_manifest(bundle)
    path = bundle / "dialogue.json"
    try:
        if path.stat().st_size > MAX_DIALOGUE_BYTES:
            raise ValueError("it is too large")
        dialogue = json.loads(path.read_bytes())
        if not isinstance(dialogue, dict) or not {"lines", "replies", "fallback"} <= dialogue.keys():
            raise ValueError("it lacks lines, replies or fallback")
    except (OSError, ValueError) as error:
        raise FormatError(Finding("bundle/dialogue", f"cannot read {path}: {error}", fix="build the bundle again")) from error
    return dialogue
