"""Makes `import torchaudio` work if a CUDA build of it is installed with a CPU build of torch.

coqui-tts needs only the pure Python part of torchaudio 2.11, but its wheel loads libtorch_cuda on import. If that fails,
torchaudio's own "extension not available" state is registered before a second import; a working import is not changed. Nor is a working
`torchaudio.load`; where torchcodec, which it needs, cannot be loaded, libsndfile reads the file.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from assets.errors import BackendError, Finding

_LIBRARY_WORDS = ("libtorch", "libcudart", ".so")


def ensure_torchaudio() -> ModuleType:
    """Imports torchaudio, whose `load` reads sounds without torchcodec too; raises BackendError if it is not installed."""
    module = _import_torchaudio()
    if not isinstance(module.load, partial):
        module.__dict__["load"] = partial(_load_sound, module.load)
    return module


def _load_sound(load: Callable[..., Any], uri: Any, *arguments: Any, **options: Any) -> Any:
    """torchaudio's `load`, or where its reader torchcodec cannot be loaded with this torch, the whole file by libsndfile.

    Returns:
        (channels, n) float32 samples and the rate in Hz, as torchaudio does.
    """
    try:
        return load(uri, *arguments, **options)
    except (ImportError, OSError, RuntimeError):
        import soundfile
        import torch

        samples, rate = soundfile.read(uri, dtype="float32", always_2d=True)
        return torch.from_numpy(samples.T.copy()), rate


def _import_torchaudio() -> ModuleType:
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError) as error:
        if not any(word in str(error) for word in _LIBRARY_WORDS):
            raise BackendError(Finding("voice/no-torchaudio", "torchaudio is not installed", fix="run `make setup`")) from error
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        del sys.modules[name]
    sys.modules["torchaudio._extension"] = _build_absent_extension()
    return importlib.import_module("torchaudio")


def _build_absent_extension() -> ModuleType:
    """The module torchaudio._extension in its state without native libraries."""

    def fail_if_no_align(function: object) -> object:
        return function

    module = ModuleType("torchaudio._extension")
    names = {"_IS_TORCHAUDIO_EXT_AVAILABLE": False, "_IS_ALIGN_AVAILABLE": False, "_IS_RIR_AVAILABLE": False}
    for name, value in {**names, "fail_if_no_align": fail_if_no_align, "_check_cuda_version": lambda: None, "__path__": []}.items():
        setattr(module, name, value)
    return module
