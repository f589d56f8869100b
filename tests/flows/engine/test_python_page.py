"""The script of docs/python.md runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.paths import PROJECT_ROOT, get_home, get_node_modules
from flows.pipeline.definition import STAGES
from tests.docs.pages import read_blocks
from tests.flows.cli.command import TINY

pytestmark = pytest.mark.slow

PAGE = PROJECT_ROOT / "docs" / "python.md"


@pytest.fixture
def folder(built: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ada.yaml and a store in which its stages are."""
    shutil.copytree(built[1], tmp_path / "home" / "store")
    (tmp_path / "home" / "baked").symlink_to((get_home() / "baked").resolve())
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(get_node_modules().resolve()))
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    shutil.copy(TINY, tmp_path / "ada.yaml")
    return tmp_path


def test_the_page_is_one_script_that_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "\n".join(block.text for block in read_blocks(PAGE, "python"))
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "page"})
    assert (folder / "build" / "ada" / "avatar.glb").is_file()

    body, plan, bundle, error, running, found, flow = capsys.readouterr().out.splitlines()
    assert body == "body/1 (19158, 3) True []"
    assert plan == str(list(STAGES))
    assert bundle == "build/ada/avatar.glb"
    assert error.startswith("spec/missing there is no file nobody.yaml ")
    assert running == "identity running 0.0 s "
    assert found.startswith("identity cached ")
    assert flow == "['build/ada']"
