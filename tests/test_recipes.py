"""The recipes of docs/architecture.md, each followed in a copy of the source: nothing but the named files has to change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assets.paths import PROJECT_ROOT, get_home, get_node_modules

SPEC = "name: Tiny\npackage: {turntable: false}\n"


class SourceCopy:
    """A copy of the program that a test may change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("flows", "stages", "assets"):
            shutil.copytree(PROJECT_ROOT / folder, root / folder, copy_function=_copy_file, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PROJECT_ROOT / "pyproject.toml", root)
        (root / "docs").mkdir()
        (root / "home").mkdir()
        (root / "home" / "baked").symlink_to((get_home() / "baked").resolve())
        (root / "tiny.yaml").write_text(SPEC, encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Adds a file."""
        target = self.root / path
        assert not target.exists(), f"{path} exists: the recipe would change it"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def insert_line(self, path: str, before: str, line: str) -> None:
        """Adds one line above the first one that begins with `before`."""
        lines = (self.root / path).read_text(encoding="utf-8").splitlines()
        at = next(number for number, text in enumerate(lines) if text.startswith(before))
        (self.root / path).write_text("\n".join([*lines[:at], line, *lines[at:], ""]), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """What `python -m ARGUMENTS` prints in the copy."""
        # None of the pytest process's own PYTHONPATH: the copy's modules, not the originals.
        env = {**os.environ, "PYTHONPATH": str(self.root), "FENSHEN_HOME": str(self.root / "home"),
               "FENSHEN_NODE_MODULES": str(get_node_modules()), "COLUMNS": "200"}  # fmt: skip
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _copy_file(source: str, target: str) -> None:
    """Copies source text; links weights and pictures, which no recipe changes."""
    if Path(source).suffix in (".py", ".md", ".json", ".yaml", ".html", ".js", ".mjs", ".css", ".txt"):
        shutil.copy(source, target)
    else:
        os.symlink(source, target)


def find_row(table: str, *cells: str) -> str:
    """The table's row that begins with these cells, spaces squeezed."""
    rows = [" ".join(line.split()) for line in table.splitlines()]
    return next(row for row in rows if row.startswith(" ".join(cells)))


@pytest.fixture
def source(tmp_path: Path) -> SourceCopy:
    return SourceCopy(tmp_path / "source")


TOY_OPTIONS = '''"""How the character feels."""

from assets.spec.appearance import Section


class MoodSpec(Section):
    """The mood."""

    word: str = "calm"
    """One word for it."""
'''
TOY_STAGE = '''"""Body -> Mood: how the character feels."""

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.character import Body
from assets.spec.mood import MoodSpec
from stages.stage import Stage


@dataclass(frozen=True)
class Mood(Artefact):
    kind: ClassVar[str] = "mood/1"
    word: str
    warnings: tuple[str, ...] = ()


def run(body: Body, *, options: MoodSpec, seed: int) -> Mood:
    return Mood(options.word, (f"{options.word} on {len(body.positions)} vertices",))


STAGE = Stage("mood", 1, run, makes=Mood)
'''


def test_a_new_stage_is_a_folder_its_options_and_one_line_of_the_pipeline(source: SourceCopy) -> None:
    source.write("stages/mood/__init__.py", "")
    source.write("stages/mood/stage.py", TOY_STAGE)
    source.write("assets/spec/mood.py", TOY_OPTIONS)
    source.insert_line("assets/spec/avatar.py", "from assets.spec.packaging", "from assets.spec.mood import MoodSpec")
    source.insert_line("assets/spec/avatar.py", "    rights:", "    mood: MoodSpec = MoodSpec()")
    source.insert_line(
        "flows/pipeline/definition.py", '    PipelineStage("stages.texture', '    PipelineStage("stages.mood.stage:STAGE", "mood"),'
    )

    assert find_row(source.run("flows", "stages"), "mood") == "mood 1 body mood/1"
    assert find_row(source.run("flows", "plan", "tiny.yaml"), "mood") == "mood run body will be new"
    made = source.run("flows", "build", "tiny.yaml", "--only", "mood").splitlines()
    assert made[0].startswith("mood: mood/1 ")
    assert made[1].startswith("warning (mood): calm on ")
    assert find_row(source.run("flows", "plan", "tiny.yaml"), "mood") == "mood found in the store"

    source.run("flows.cli.docs")
    assert "| mood | 1 | body | mood/1 |  |" in (source.root / "docs" / "backends.md").read_text(encoding="utf-8")
    assert "| `word` | text | `calm` | One word for it. |" in (source.root / "docs" / "spec.md").read_text(encoding="utf-8")


TOY_VOICE = '''"""A voice that hums."""

from collections.abc import Mapping

import numpy as np

from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Utterance
from stages.voice.phonemes import TimedSymbol, align_phonemes


class Toy:
    """Hums one second for every sentence."""

    name = "toy"
    languages = ("en", "zh")
    gender = 1.0
    restriction = ""

    def unavailable_reason(self) -> str:
        return ""

    def weights(self) -> Mapping[str, str]:
        return {}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        return (Source("toy", "CC0-1.0", "here"),)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        samples = 0.1 * np.sin(2 * np.pi * 150 * np.arange(24_000) / 24_000).astype(np.float32)
        return Utterance(samples, 24_000, align_phonemes([TimedSymbol("m", 1.0)]))
'''
MAN = "name: Tiny\nidentity: {gender: 1}\npersona: {language: zh, lines: [你好。]}\n"


def test_a_new_voice_is_a_file_and_one_line_of_the_registry_and_changes_no_existing_spec(source: SourceCopy) -> None:
    for name, text in {"man": MAN, "hum": f"{MAN}voice: {{backend: toy}}\n"}.items():
        source.write(f"{name}.yaml", text)
    before = source.run("flows", "plan", "man.yaml")

    source.write("stages/voice/toy.py", TOY_VOICE)
    source.insert_line("stages/voice/stage.py", '        "coqui":', '        "toy": "stages.voice.toy:Toy",')

    assert source.run("flows", "plan", "man.yaml") == before
    assert find_row(source.run("flows", "backends"), "voice", "toy") == "voice toy yes"
    assert source.run("flows", "build", "hum.yaml", "--only", "voice").startswith("voice: speech/1 ")

    source.run("flows.cli.docs")
    assert "| hibari, coqui, mandarin, toy |" in (source.root / "docs" / "backends.md").read_text(encoding="utf-8")
