"""The floors keep apart: importing a stage's record loads nothing heavy, and Prefect stays upstairs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "mediapipe", "TTS", "transformers", "pyrender", "onnxruntime", "cv2", "anny", "faster_whisper", "prefect")
STAGES = sorted(path.parent.name for path in (ROOT / "stages").glob("*/stage.py"))


def heavy_after(statement: str, names: tuple[str, ...] = HEAVY) -> set[str]:
    code = f"import sys\n{statement}\nprint(*[n for n in {names!r} if n in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())


def test_no_stage_record_loads_anything_heavy():
    assert heavy_after("; ".join(f"import stages.{name}.stage" for name in STAGES)) == set()


def test_the_command_line_starts_without_prefect_and_models():
    assert heavy_after("import flows.cli.build") == set()


@pytest.mark.parametrize("folder", ["assets", "stages"])
def test_prefect_is_named_on_the_top_floor_only(folder):
    guilty = [path for path in (ROOT / folder).rglob("*.py") if "import prefect" in path.read_text() or "from prefect" in path.read_text()]
    assert guilty == []
