"""Everything that is registered has a test that names it: stages, backends, gates, commands and formats.

Each kind has one place where its tests are declared: the golden results, the contracts over a registry, the table of broken bundles,
the table of commands below, the round trips. What is added to Fenshen without being added there fails here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.formats.registry import FORMATS
from flows.cli.app import app
from flows.pipeline.definition import PIPELINE, STAGES
from stages.verify.gate import FOLDER_GATES, TARGET_GATES, load_gates
from tests.flows.cli.command import list_commands

TESTS = Path(__file__).resolve().parent
CAPABILITIES = {entry.stage.name: entry.record.split(".")[1] for entry in PIPELINE}
"""Stage -> its folder."""
COMMANDS = {
    "ask": "flows/cli/test_ask.py", "backends": "flows/cli/test_listing.py", "bake": "flows/cli/test_bake.py",
    "batch": "flows/cli/test_batch.py",
    "build": "flows/cli/test_build.py", "cache gc": "flows/cli/test_cache.py", "cache ls": "flows/cli/test_cache.py",
    "cache verify": "flows/cli/test_cache.py", "champion ls": "flows/engine/test_retraining.py",
    "champion rollback": "flows/engine/test_retraining.py", "check": "flows/cli/test_build.py", "data bodies": "flows/cli/test_data.py",
    "data faces": "flows/cli/test_data.py", "data folder": "flows/cli/test_data.py", "data skins": "flows/cli/test_data.py",
    "describe": "flows/cli/test_describe.py", "doctor": "flows/cli/test_doctor.py", "evaluate": "flows/cli/test_evaluate.py", "gates": "flows/cli/test_listing.py",
    "inspect": "flows/cli/test_bundle.py", "lineup": "flows/cli/test_lineup.py",
    "new": "flows/cli/test_new.py", "plan": "flows/cli/test_build.py",
    "present": "flows/cli/test_present.py", "preview": "flows/cli/test_bundle.py", "retrain": "flows/engine/test_retraining.py",
    "schema": "flows/cli/test_schema.py", "serve": "flows/cli/test_serve.py",
    "stages": "flows/cli/test_listing.py", "train": "flows/cli/test_train.py", "tune": "flows/cli/test_train.py",
}  # fmt: skip
"""Command -> the file whose tests run it."""


def parse(path: str) -> ast.Module:
    return ast.parse((TESTS / path).read_text(encoding="utf-8"))


def find_dict_keys(path: str, name: str) -> set[str]:
    """The keys of a table at the top of a test file."""
    for node in parse(path).body:
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.Assign | ast.AnnAssign):
            assert isinstance(node.value, ast.Dict)
            return {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    raise AssertionError(f"tests/{path} has no table {name}")


def iterate_word_lists(tree: ast.Module) -> Iterator[list[str]]:
    """The leading strings of every list, tuple and call of a file: the words of the commands that it runs."""
    for node in ast.walk(tree):
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else node.args if isinstance(node, ast.Call) else []
        words: list[str] = []
        for item in items:
            if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
                break
            words.append(item.value)
        yield words


def has_parameter(tree: ast.Module, name: str) -> bool:
    """Whether a fixture or a parametrisation of the file runs over something of that name."""
    arguments = [
        argument
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.fixture", "pytest.mark.parametrize")
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
    ]
    return any(isinstance(part, ast.Name) and part.id == name for argument in arguments for part in ast.walk(argument))


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_golden_result(stage: str) -> None:
    assert (TESTS / "golden" / "results" / f"{stage}.json").is_file(), f"add {stage} to tests/golden/cases.py"


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_tests_in_its_folder(stage: str) -> None:
    folder = TESTS / "stages" / CAPABILITIES[stage]
    assert list(folder.glob("test_*.py")), f"there is no test in tests/stages/{folder.name}"


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES.values() if stage.backends])
def test_every_backend_runs_through_the_contract_of_its_stage(stage: str) -> None:
    """The contract's tests run over the registry, so that a new backend is tested without a new test."""
    folder = TESTS / "stages" / CAPABILITIES[stage]
    assert (folder / "contract.py").is_file()
    files = [path for pattern in ("test_*.py", "contract.py") for path in folder.glob(pattern)]
    assert [path.name for path in files if has_parameter(parse(str(path.relative_to(TESTS))), "BACKENDS")], "no test runs over BACKENDS"


def test_every_gate_has_a_bundle_that_breaks_it() -> None:
    assert set(load_gates()) == find_dict_keys("stages/verify/test_verify_gates.py", "BROKEN")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_round_trip(name: str) -> None:
    assert (TESTS / "assets" / "formats" / "round_trips" / f"{name.removeprefix('.')}.py").is_file()


def test_every_command_is_in_the_table() -> None:
    assert sorted(" ".join(words) for words in list_commands(app)) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_run_by_the_tests_of_its_file(command: str) -> None:
    words, lists = command.split(), list(iterate_word_lists(parse(COMMANDS[command])))
    # `run("cache", "ls")`, or a helper of the file that adds the group to `run_cache("ls")`.
    whole = any(found[: len(words)] == words for found in lists)
    split = all([word] in [found[:1] for found in lists] for word in words)
    assert whole or split, f"no test runs fenshen {command}"


def test_every_gate_judges_a_target_or_the_written_folder() -> None:
    """A gate that is in no list would pass by never running."""
    assert set(load_gates()) == {code for codes in TARGET_GATES.values() for code in codes} | set(FOLDER_GATES)
