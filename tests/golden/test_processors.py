"""A result is the golden one on every processor: libraries pick their kernels by its model, and sums round differently in each."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"}
"""Kernels of a processor of 2008, which every one of today runs."""
CODE = """
import sys
from flows.pipeline.definition import STAGES
from tests.golden.cases import CASES
from tests.golden.golden import compare, read_golden
name = sys.argv[1]
print(compare(STAGES[name], read_golden(name), CASES[name].run(), CASES[name].tolerance))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the old kernels are those of x86")
@pytest.mark.parametrize("name", ["body", "groom"])
def test_the_body_and_its_clothes_are_the_same_on_an_old_processor(name: str) -> None:
    """Cloth is chaotic: one bit of a shoe's length moved a trouser leg's folds."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, name], cwd=ROOT, env=os.environ | OLD, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
