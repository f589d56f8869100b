"""The recipes of docs/architecture.md, each followed in a copy of the source: nothing but the named files has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.paths import get_home, get_node_modules
from tests.tree_copy import TreeCopy, copy_tree

pytestmark = pytest.mark.slow

SPEC = "name: Tiny\npackage: {turntable: false}\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TreeCopy:
    """A copy of the source with a spec, and an empty store."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "baked").symlink_to((get_home() / "baked").resolve())
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(get_node_modules().resolve()))
    monkeypatch.setenv("FENSHEN_HOME", str(home))
    tree = copy_tree(tmp_path / "source")
    (tree.root / "docs").mkdir()
    tree.write("tiny.yaml", SPEC)
    return tree


def add_file(tree: TreeCopy, path: str, text: str) -> None:
    target = tree.root / path
    assert not target.exists(), f"{path} exists: the recipe would change it"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def insert_line(tree: TreeCopy, path: str, before: str, line: str) -> None:
    """Adds one line above the only one that begins with `before`."""
    tree.edit(path, f"\n{before}", f"\n{line}\n{before}")


def run_fenshen(tree: TreeCopy, *words: str) -> str:
    return tree.run("-m", "flows", *words)


def generate_docs(tree: TreeCopy, page: str) -> str:
    """The text of a generated page."""
    tree.run("-m", "flows.cli.docs")
    return (tree.root / "docs" / page).read_text(encoding="utf-8")


def find_row(table: str, *cells: str) -> str:
    """The table's row that begins with these cells, spaces squeezed."""
    rows = [" ".join(line.split()) for line in table.splitlines()]
    return next(row for row in rows if row.startswith(" ".join(cells)))


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


def test_a_new_stage_is_a_folder_its_options_and_one_line_of_the_pipeline(tree: TreeCopy) -> None:
    add_file(tree, "stages/mood/__init__.py", "")
    add_file(tree, "stages/mood/stage.py", TOY_STAGE)
    add_file(tree, "assets/spec/mood.py", TOY_OPTIONS)
    insert_line(tree, "assets/spec/avatar.py", "from assets.spec.packaging", "from assets.spec.mood import MoodSpec")
    insert_line(tree, "assets/spec/avatar.py", "    rights:", "    mood: MoodSpec = MoodSpec()")
    line = '    PipelineStage("stages.mood.stage:STAGE", "mood"),'
    insert_line(tree, "flows/pipeline/definition.py", '    PipelineStage("stages.texture', line)

    assert find_row(run_fenshen(tree, "stages"), "mood") == "mood 1 body mood/1"
    assert find_row(run_fenshen(tree, "plan", "tiny.yaml"), "mood") == "mood run body will be new"
    made = run_fenshen(tree, "build", "tiny.yaml", "--only", "mood").splitlines()
    assert made[0].startswith("mood: mood/1 ")
    assert made[1].startswith("warning (mood): calm on ")
    assert find_row(run_fenshen(tree, "plan", "tiny.yaml"), "mood") == "mood found in the store"
    assert "| mood | 1 | body | mood/1 |  |" in generate_docs(tree, "backends.md")
    assert "| `word` | text | `calm` | One word for it. |" in generate_docs(tree, "spec.md")


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


def test_a_new_voice_is_a_file_and_one_line_of_the_registry_and_changes_no_existing_spec(tree: TreeCopy) -> None:
    for name, text in {"man": MAN, "hum": f"{MAN}voice: {{backend: toy}}\n"}.items():
        add_file(tree, f"{name}.yaml", text)
    before = run_fenshen(tree, "plan", "man.yaml")

    add_file(tree, "stages/voice/toy.py", TOY_VOICE)
    insert_line(tree, "stages/voice/stage.py", '        "coqui":', '        "toy": "stages.voice.toy:Toy",')

    assert run_fenshen(tree, "plan", "man.yaml") == before
    assert find_row(run_fenshen(tree, "backends"), "voice", "toy") == "voice toy yes"
    assert run_fenshen(tree, "build", "hum.yaml", "--only", "voice").startswith("voice: speech/1 ")
    assert "| hibari, coqui, mandarin, toy |" in generate_docs(tree, "backends.md")
