"""What the pages promise exists: every link, command, option, make target and spec; both READMEs say the same."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from assets.paths import PROJECT_ROOT
from assets.spec.read import PRESETS_FOLDER
from flows.cli.app import app
from flows.pipeline.definition import STAGES
from tests.docs.pages import (
    PAGES,
    READMES,
    Block,
    Command,
    name_page,
    read_anchors,
    read_blocks,
    read_inline_code,
    read_links,
    read_prose,
    read_shell_commands,
    split_commands,
)

CLI: Any = typer.main.get_command(app)
FOREIGN_OPTIONS = {"--multi_gpu", "--logdir"}
"""Options of other programs in inline code."""
WRITTEN_BY_OTHERS = ("CHANGELOG.md",)
"""Pages whose inline commands may be those of an older version."""


def resolve_command(words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """The command that the words after `fenshen` name, and the rest of the words; None if there is none."""
    command, rest = CLI, words
    while hasattr(command, "commands"):
        if not rest or rest[0].startswith("-"):
            break
        command, rest = command.commands.get(rest[0]), rest[1:]
    return command, rest


def list_leaf_commands(command: Any = CLI, path: str = "fenshen") -> Iterator[tuple[str, Any]]:
    """(path, command) of each command that does something."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        yield from list_leaf_commands(child, f"{path} {name}")


def list_options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


def find_problem(words: tuple[str, ...]) -> str:
    """Why `fenshen WORDS` is not a command line; empty if it is one. Values are not looked at: they may be placeholders."""
    command, rest = resolve_command(words)
    if command is None:
        return "no such command"
    if set(rest) & {"--help", "--version", "--install-completion", "--show-completion"}:
        return ""
    try:
        given, extra, _ = command.make_parser(command.context_class(command)).parse_args(list(rest))
    except Exception as error:  # click's errors, which typer may bring as a copy of its own
        return str(error)
    missing = [p.name for p in command.params if p.required and p.name not in given]
    return f"unexpected {extra}" if extra else f"missing {', '.join(missing)}" if missing else ""


def read_fenshen_commands(page: Path) -> Iterator[Command]:
    """Each `fenshen ...` of the shell blocks, without what stands before it (a path, a variable)."""
    for command in read_shell_commands(page):
        names = [word.rpartition("/")[2] for word in command.words]
        if "fenshen" in names[:2]:
            yield Command(command.place, command.words[names.index("fenshen") + 1 :])


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for line, target in read_links(page):
        path, _, anchor = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in read_anchors(file)):
            broken.append(f"{name_page(page)}:{line}: {target}")
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_shown_commands_are_valid_command_lines(page: Path) -> None:
    wrong = [f"{command}: {problem}" for command in read_fenshen_commands(page) if (problem := find_problem(command.words))]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_stages_in_shown_commands_exist(page: Path) -> None:
    named = re.findall(r"fenshen (?:build|batch) [^\n`]*--(?:only|force) ([a-z]+)", page.read_text("utf-8"))
    assert [name for name in named if name not in STAGES] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in WRITTEN_BY_OTHERS], ids=name_page)
def test_commands_and_options_in_the_prose_exist(page: Path) -> None:
    every_option = set().union(*(list_options(command) for _, command in list_leaf_commands())) | list_options(CLI) | FOREIGN_OPTIONS
    wrong = []
    for line, code in read_inline_code(page):
        if code.startswith("fenshen "):
            command, _ = resolve_command(tuple(word for word in code.split()[1:] if not word.isupper()))
            if command is None:
                wrong.append(f"{name_page(page)}:{line}: {code}: no such command")
            elif unknown := set(re.findall(r"(?<!\S)--[a-z-]+", code)) - list_options(command):
                wrong.append(f"{name_page(page)}:{line}: {code}: no option {', '.join(sorted(unknown))}")
        elif code.startswith("--") and (option := re.match(r"--[a-z_-]+", code)[0]) not in every_option:  # type: ignore[index]
            wrong.append(f"{name_page(page)}:{line}: no option {option}")
    assert wrong == []


@pytest.mark.parametrize("page", READMES, ids=name_page)
def test_options_in_the_table_of_commands_are_those_of_the_row(page: Path) -> None:
    wrong = []
    for row in re.findall(r"^\| (`fenshen .*)$", read_prose(page), re.MULTILINE):
        command, _ = resolve_command(tuple(word for word in row.split("`")[1].split()[1:] if not word.isupper()))
        known = list_options(command) if command else set()
        wrong += [f"{row}: {option}" for option in re.findall(r"`(--[a-z-]+)", row) if option not in known]
    assert wrong == []


@pytest.mark.parametrize("page", READMES, ids=name_page)
def test_the_table_of_commands_is_complete(page: Path) -> None:
    rows = [row.split(" | ")[0] for row in re.findall(r"^\| (`fenshen .*)$", read_prose(page), re.MULTILINE)]
    named = {word for row in rows for code in re.findall(r"`([^`]+)`", row) for word in code.split() if word.islower()}
    assert set(CLI.commands) - named == set()


def test_both_readmes_show_the_same_commands_and_options() -> None:
    english, chinese = ([command.words for command in read_shell_commands(page)] for page in READMES)
    assert english == chinese
    english_code, chinese_code = ({c for _, c in read_inline_code(page) if re.match(r"fenshen |--|python -m ", c)} for page in READMES)
    assert english_code == chinese_code


def test_both_readmes_show_the_same_tables_and_code() -> None:
    english, chinese = (page.read_text("utf-8") for page in READMES)
    assert english.count("\n| ") == chinese.count("\n| ")
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
    js_english, js_chinese = ([re.sub(r" *//.*", "", block.text) for block in read_blocks(page, "js")] for page in READMES)
    assert js_english == js_chinese


def test_the_chinese_readme_writes_percentages_without_a_space() -> None:
    assert re.findall(r"\d+ %", READMES[1].read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_shown_make_targets_and_modules_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = [*(c.words for c in read_shell_commands(page)), *(w for _, code in read_inline_code(page) for w in split_commands_safely(code))]
    unknown = [words for words in shown if words[0] == "make" and len(words) > 1 and words[1] not in targets]
    assert unknown == []
    modules = [words[2] for words in shown if words[:2] in (("python", "-m"), ("python3", "-m"))]
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def split_commands_safely(code: str) -> Iterator[tuple[str, ...]]:
    """The commands of inline code; prose with a quote in it is none."""
    try:
        yield from list(split_commands(code))
    except ValueError:
        return


SPECS = [block for page in PAGES for block in read_blocks(page, "yaml") if block.text.startswith("name: ")]


@pytest.mark.parametrize("block", SPECS, ids=str)
def test_shown_specs_pass_the_check(block: Block, tmp_path: Path) -> None:
    """The media that a spec names are there, so that only what is written can be wrong."""
    (tmp_path / "voices" / "mira").mkdir(parents=True)
    for name in ("dance.bvh", "consent.txt", "voices/mira/model.pth"):
        (tmp_path / name).write_text("a placeholder")
    (tmp_path / "guide.md").write_text("# The tower\n\nThe tower was built in 1583.\n")
    (tmp_path / "prices.csv").write_text("ticket,price\nadult,8 pounds\n")
    (tmp_path / "voices" / "mira" / "config.json").write_text('{"model": "vits"}')
    shutil.copy(PRESETS_FOLDER / "kofi_reach.mp4", tmp_path / "reach.mp4")
    spec = tmp_path / "shown.yaml"
    spec.write_text(block.text, "utf-8")
    result = CliRunner().invoke(app, ["check", str(spec)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("page", READMES, ids=name_page)
def test_the_shown_error_is_what_check_prints(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spec = next(block.text for block in read_blocks(page, "yaml"))
    lines = [line for line in spec.splitlines() if not line.startswith("body")]
    (tmp_path / "ada.yaml").write_text("\n".join([*lines[:3], "body: {}", "groom: {hiar: ponytail01}"]), "utf-8")
    shown = next(code for _, code in read_inline_code(page) if code.startswith("ada.yaml:"))
    result = CliRunner().invoke(app, ["check", "ada.yaml"])
    assert (result.exit_code, " ".join(result.output.split())) == (2, shown)
