from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

BROKEN = """
import importlib.abc, sys
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise {error}
        return None
sys.meta_path.insert(0, Broken())
from stages.voice.torchaudio_shim import ensure_torchaudio
torchaudio = ensure_torchaudio()
import torch
from torchaudio.functional import resample
print(tuple(resample(torch.zeros(1, 480), 48000, 24000).shape))
"""


@pytest.mark.parametrize(
    "error", ['OSError("libcudart.so.13: cannot open shared object file")', 'ImportError("libtorch_cuda.so: undefined symbol")']
)
def test_torchaudio_without_loadable_cuda_libraries_still_resamples(error: str) -> None:
    result = subprocess.run([sys.executable, "-c", BROKEN.format(error=error)], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "(1, 240)", result.stderr


def test_a_missing_torchaudio_is_one_sentence() -> None:
    code = "import sys; sys.modules['torchaudio'] = None\nfrom stages.voice.torchaudio_shim import ensure_torchaudio\nensure_torchaudio()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.splitlines()[-1] == (
        "assets.errors.BackendError: error[voice/no-torchaudio] torchaudio is not installed; run `make setup`"
    )
