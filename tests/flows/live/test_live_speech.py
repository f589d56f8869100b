"""New sentences of a live talk: spoken and moved in the manner of the bundle."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.conventions import MORPHS_67

sys.path.insert(0, str(Path(__file__).parent))
from live_bundle import write_live_bundle

from flows.live.bundle import open_bundle
from flows.live.protocol import decode_speech
from flows.live.speech import open_bundle_voice, speak_frames

SENTENCE = "The garden is open from nine in the morning until six in the evening."


@pytest.mark.parametrize(("delivery", "manner"), [({"manner": "calm", "voice": {}}, "calm"), (None, "warm"), ("loud", "warm")])
def test_the_manner_is_the_manifests_and_warm_in_older_bundles(delivery: object, manner: str, tmp_path: Path) -> None:
    folder = write_live_bundle(tmp_path / "ada")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | ({"delivery": delivery} if delivery else {})))
    assert open_bundle(folder).manner == manner


@pytest.mark.slow
def test_a_lively_bundle_speaks_new_sentences_faster_and_smiles_more_than_a_calm_one(tmp_path: Path) -> None:
    voice = open_bundle_voice(open_bundle(write_live_bundle(tmp_path / "ada")))
    assert voice is not None
    heard = {manner: [decode_speech(frame) for frame in speak_frames(voice, SENTENCE, 1, manner)] for manner in ("lively", "calm")}
    seconds = {manner: sum(header["samples"] / header["rate"] for header, _ in frames) for manner, frames in heard.items()}
    assert seconds["lively"] < 0.95 * seconds["calm"]
    smiles = {manner: np.concatenate([read_smile(*frame) for frame in frames]).mean() for manner, frames in heard.items()}
    assert smiles["lively"] > 1.3 * smiles["calm"]


def read_smile(header: dict[str, Any], payload: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """(f,) of a frame's face, which comes after its 16-bit samples."""
    face = np.frombuffer(payload[2 * header["samples"] :], np.uint8).reshape(header["frames"], len(MORPHS_67))
    return face[:, MORPHS_67.index("mouthSmileLeft")]
