"""`fenshen serve`: talk with finished bundles in the browser, by typing or by speaking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.errors import Finding, SpecError
from flows.cli.console import err, out, report_findings

if TYPE_CHECKING:
    from flows.live.services import LiveOptions, WriterOptions

DEFAULT_PORT = 8765


def serve(
    bundles: Annotated[list[Path], typer.Argument(help="Bundle folders.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="Address to listen on; one that other machines reach needs a token.")] = "127.0.0.1",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    origin: Annotated[list[str] | None, typer.Option(help="A site whose pages may connect, such as https://museum.example.")] = None,
    token: Annotated[str, typer.Option(help="The token to ask for; without it, a new one.", envvar="FENSHEN_LIVE_TOKEN")] = "",
    sessions: Annotated[int | None, typer.Option(min=1, max=1000, help="Conversations at once.")] = None,
    record: Annotated[Path | None, typer.Option(help="Folder for conversations of people who agree.")] = None,
    allow_say: Annotated[bool, typer.Option("--allow-say", help="Let clients have any text spoken.")] = False,
    writer: Annotated[str, typer.Option(help="A model that may answer in its own words, as persona.model: folder, id or address.")] = "",
    writer_name: Annotated[str, typer.Option(help="Name of the model at the writer's address.")] = "",
    writer_key: Annotated[str, typer.Option(help="Environment variable that holds the key of the writer's address.")] = "",
) -> None:
    """Talk with bundles in the browser: they listen, answer and stop when they are interrupted.

    Example: `fenshen serve build/kofi --open`
    """
    with report_findings():
        from assets.paths import read_baked_script
        from flows.live.app import SCRIPTS, create_app
        from flows.live.bundle import check_can_listen, open_bundles
        from flows.live.server import run_server
        from flows.live.services import Services

        opened = open_bundles(bundles)
        check_can_listen()
        for script in SCRIPTS:
            read_baked_script(script)
        options = make_options(host, token, origin or [], sessions, record, allow_say=allow_say)
        if writer or writer_name or writer_key:
            options = replace(options, writer=make_writer(writer, writer_name, writer_key))
        services = Services(opened, options)

        def announce(address: str) -> None:
            key = f"/?token={options.access.token}" if options.access.is_open else "/"
            out.print(f"{', '.join(bundle.title for bundle in opened.values())}: {address}{key}")
            if options.access.is_open:
                err.print("Other machines can connect. Put a proxy with TLS before it: browsers give the microphone to https pages only.")
            if writer:
                err.print(f"A model may answer in its own words where the facts support them: {writer}", markup=False, highlight=False)
            if record:
                err.print(f"Conversations of people who agree are stored in {record}.")
            if open_page:
                typer.launch(f"{address}{key}")

        run_server(create_app(services), host, port, announce)
        out.print("stopped")


def make_writer(model: str, name: str, key_variable: str) -> WriterOptions:
    """The writer of a server; raises SpecError or BackendError where it cannot be used."""
    from assets.spec.behaviour import PersonaSpec
    from flows.live.services import WriterOptions
    from stages.dialogue.stage import find_address_problems
    from stages.dialogue.writer import load_writer

    persona = PersonaSpec().model_copy(update={"model": model, "model_name": name, "key_variable": key_variable})
    options = {"persona.model_name": "--writer-name", "persona.model": "--writer", "persona.key_variable": "--writer-key"}
    findings = []
    for _, found in find_address_problems(persona):
        message, fix = found.message, found.fix
        for field_name, option in options.items():
            message, fix = message.replace(field_name, option), fix.replace(field_name, option)
        findings.append(replace(found, message=message, fix=fix))
    if findings:
        raise SpecError(*findings)
    load_writer(model, name, key_variable)  # a folder that is no model is known now, not at the first question
    return WriterOptions(model, name, key_variable)


def make_options(host: str, token: str, origins: list[str], sessions: int | None, record: Path | None, *, allow_say: bool) -> LiveOptions:
    """The rules of the server: loopback needs no token, anything else does."""
    from flows.live.access import Access, is_loopback, make_token, read_host
    from flows.live.limits import OPEN_LIMITS, Limits
    from flows.live.services import LiveOptions

    if wrong := [origin for origin in origins if not read_host(origin) or origin.rstrip("/").count("/") != 2]:
        fix = "write it as https://museum.example"
        raise SpecError(Finding("live/origin", f"--origin {wrong[0]} is no origin of a page", fix=fix))
    if token and len(token) < 16:
        raise SpecError(Finding("live/token", "the token is shorter than 16 characters", fix="leave it out to get a new one"))
    is_open = not is_loopback(host) or bool(token)
    limits = OPEN_LIMITS if is_open else Limits()
    if sessions:
        limits = replace(limits, sessions=sessions, sessions_per_client=min(sessions, limits.sessions_per_client) if is_open else sessions)
    access = Access((token or make_token()) if is_open else "", tuple(origin.rstrip("/") for origin in origins))
    return LiveOptions(access, limits, record, allow_say)
