"""`fenshen new`: a commented spec to start from, with the schema that editors complete it by."""

from __future__ import annotations

import difflib
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assets.errors import Finding, SpecError
from assets.portable_names import explain_unportable_name
from flows.cli.choices import complete_presets
from flows.cli.console import out, report_findings

_STARTERS = Path(__file__).parent
_SUFFIXES = (".yaml", ".yml")
_MAX_NAME = 60
"""Characters of a character's name."""


class Language(StrEnum):
    """Languages of a persona."""

    EN = "en"
    ZH = "zh"


def register_new(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("new")(new)


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The spec to write, e.g. ada.yaml.")],
    language: Annotated[
        Language | None, typer.Option(help="Language of the persona and the comments; left out: the text's, or en.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--from", metavar="PRESET", help="Start from a preset, such as presenter.", autocompletion=complete_presets),
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="The person in words, English or Chinese (docs/describe.md).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a commented spec to start from, and next to it the schema for your editor.

    Example: `fenshen new ada.yaml`, `fenshen new ada.yaml --from presenter`, or `fenshen new ada.yaml --text "a tall woman with red hair"`
    """
    # Inside: with numpy and pydantic they would slow down every command.
    from assets.store import write_atomic
    from flows.cli.schema import SCHEMA_FILE

    with report_findings():
        _check_file(file, force)
        if text is not None:
            files = {file: _format_text(name_character(file.stem), text, preset, language).encode()}
        elif preset is None:
            files = {file: format_starter(name_character(file.stem), language or Language.EN).encode()}
        else:
            files = _read_preset(preset, file, force)
        for path, data in files.items():
            write_atomic(path, data)
        has_schema = _write_schema(file.parent / SCHEMA_FILE)
    for path in list(files)[1:]:
        out.print(f"{path}: written, which the spec names")
    out.print(f"{file}: written" + (f", with {SCHEMA_FILE} for your editor" if has_schema else ""))
    out.print(f"next: edit it, then run `fenshen check {file}` and `fenshen build {file}`")


def format_starter(name: str, language: str) -> str:
    """The text of a spec for a character of this name."""
    from flows.cli.schema import EDITOR_LINES

    text = (_STARTERS / f"starter_{language}.yaml").read_text(encoding="utf-8")
    # JSON's string is YAML's as well, and quoted: a character may be called No or 007.
    return "\n".join((*EDITOR_LINES, text.replace("name: NAME", f"name: {json.dumps(name, ensure_ascii=False)}", 1)))


def _format_text(name: str, text: str, preset: str | None, language: Language | None) -> str:
    """The spec of a person in words; raises SpecError where a preset is given as well, or the text is refused."""
    from flows.cli.text_starter import detect_language, format_text_starter
    from stages.describe.resolve import describe

    if preset is not None:
        raise SpecError(Finding("new/text-and-preset", "--text and --from exclude each other", fix="give one of the two"))
    spoken = language or detect_language(text)
    return format_text_starter(format_starter(name, spoken), describe(text, seed=1), spoken)


def _read_preset(preset: str, file: Path, force: bool) -> dict[Path, bytes]:
    """(path, bytes) of the spec and of the files that it names; raises SpecError where there is no such preset, or one is in the way."""
    from assets.spec.read import PRESETS_FOLDER, list_presets, read_spec
    from flows.cli.schema import EDITOR_LINES
    from flows.pipeline.media import find_media

    if preset not in list_presets():
        near = difflib.get_close_matches(preset, list_presets(), 1)
        fix = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(list_presets())}"
        raise SpecError(Finding("new/preset", f"there is no preset {preset}", fix=fix))
    found = read_spec(str(PRESETS_FOLDER / f"{preset}.yaml"))
    files = {file: "\n".join((*EDITOR_LINES, found.text.decode())).encode()}
    named = [path.name for section in (found.spec.motion, found.spec.groom) for _, path in find_media(section)]
    for name in (*named, *([found.spec.rights.consent] if found.spec.rights.consent else [])):
        path, data = file.parent / name, (PRESETS_FOLDER / name).read_bytes()
        if not force and os.path.lexists(path) and not (path.is_file() and path.read_bytes() == data):
            message = f"{path} already exists and is not the preset's"
            raise SpecError(Finding("new/exists", message, fix="choose another folder, or pass --force to overwrite it"))
        files[path] = data
    return files


def name_character(stem: str) -> str:
    """The file's name as a character's: `my_guide` -> My Guide; words with capitals stay as they are."""
    words = stem.replace("_", " ").replace("-", " ").split()
    name = " ".join(word if word != word.lower() else word.capitalize() for word in words)[:_MAX_NAME]
    return name if any(character.isalnum() for character in name) else "Ada"


def _check_file(file: Path, force: bool) -> None:
    """Raises SpecError where the file's name is not a spec's, or the file exists."""
    if file.suffix.lower() not in _SUFFIXES:
        raise SpecError(Finding("new/suffix", f"{file} does not end with .yaml", fix=f"write {file.with_suffix('.yaml').name}"))
    if reason := explain_unportable_name(file.name):
        raise SpecError(Finding("new/reserved-name", f"{file.name} {reason}", fix="choose another name"))
    if os.path.isdir(file):  # os.path: Path's own raises where the name is too long
        raise SpecError(Finding("new/folder", f"{file} is a folder", fix="choose another name"))
    if os.path.lexists(file) and not force:
        raise SpecError(Finding("new/exists", f"{file} already exists", fix="choose another name, or pass --force to overwrite it"))


def _write_schema(path: Path) -> bool:
    """Writes the schema where there is none or an older one, and keeps any other file; whether it was written."""
    from assets.strict_json import parse_json
    from flows.cli.schema import SCHEMA_ID, write_schema

    try:
        is_schema = not path.exists() or parse_json(path.read_bytes()).get("$id") == SCHEMA_ID
    except (OSError, ValueError, AttributeError):
        is_schema = False
    if is_schema:
        write_schema(path)
    return is_schema
