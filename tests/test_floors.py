"""The floors and rooms keep apart: import-linter's contracts hold, and loading the command line loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.pipeline.definition import PIPELINE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "mediapipe", "TTS", "transformers", "pyrender", "onnxruntime", "cv2", "anny", "faster_whisper", "prefect")
CAPABILITIES = {entry.record.split(".")[1] for entry in PIPELINE}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def list_heavy_modules(statement: str) -> set[str]:
    """Heavy modules that the statement loads."""
    code = f"import sys\n{statement}\nprint(*[n for n in {HEAVY!r} if n in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())


def list_imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions and for type checks only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def find_importers(package: str, *folders: str) -> list[str]:
    """Files of the folders that import a package."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [
        path.relative_to(ROOT).as_posix()
        for path in files
        if any(name == package or name.startswith(f"{package}.") for name in list_imports(path))
    ]


def test_no_stage_record_loads_anything_heavy() -> None:
    records = sorted({entry.record.partition(":")[0] for entry in PIPELINE})
    assert list_heavy_modules("; ".join(f"import {module}" for module in records)) == set()


@pytest.mark.parametrize("module", ["flows.cli.app", "flows.pipeline.bundle_writer", "flows.pipeline.batch"])
def test_the_command_line_and_the_pipeline_load_neither_prefect_nor_models(module: str) -> None:
    assert list_heavy_modules(f"import {module}") == set()


def test_only_the_engine_imports_prefect() -> None:
    assert find_importers("prefect", "assets", "stages", "flows/cli", "flows/live", "flows/pipeline", "flows/report") == []
    assert find_importers("prefect", "flows/engine") != []


@pytest.mark.parametrize(("package", "folders"), [
    ("flows", ("assets", "stages")),
    ("stages", ("assets",)),
    ("flows.cli", ("flows/engine", "flows/live", "flows/pipeline", "flows/report")),
    ("flows.engine", ("flows/live", "flows/pipeline", "flows/report")),
    ("flows.live", ("flows/pipeline", "flows/report")),
    ("flows.pipeline", ("flows/report",)),
])  # fmt: skip
def test_imports_go_down(package: str, folders: tuple[str, ...]) -> None:
    assert find_importers(package, *folders) == []


def test_the_contract_of_independence_names_every_capability() -> None:
    """A capability that nobody adds to the list could import its neighbours unseen."""
    (contract,) = [contract for contract in CONTRACTS if contract["type"] == "independence"]
    assert sorted(contract["modules"]) == sorted(f"stages.{name}" for name in CAPABILITIES)


def test_every_capability_is_a_folder_with_its_stage_in_stage_py() -> None:
    """So that one folder explains all."""
    assert [name for name in sorted(CAPABILITIES) if not (ROOT / "stages" / name / "stage.py").is_file()] == []
