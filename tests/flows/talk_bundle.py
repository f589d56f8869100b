"""A bundle that can talk, small enough to be written by every test: one ball, one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from assets.bundle import BundleFile, write_bundle
from assets.digest import sha256
from assets.formats.wav import export_wav
from tests.stages.present.avatar import make_avatar


def write_talk_bundle(folder: Path, *, own_model: bool = False) -> Path:
    """Ada, who can say goodbye."""
    sound = 0.3 * np.sin(np.arange(12_000) / 20)
    words = [{"start": 0.05, "end": 0.4, "text": "Goodbye"}]
    line = {"id": "bye", "text": "Goodbye.", "language": "en", "emotion": "happy", "gesture": "wave"}
    dialogue = {"persona": {"name": "Ada", "language": "en"}, "lines": [line], "replies": [], "fallback": "bye"}
    data = {
        "avatar.glb": ("avatar", make_avatar("idle", "say_bye")), "dialogue.json": ("dialogue", json.dumps(dialogue).encode()),
        "voice/bye.wav": ("voice", export_wav(sound, 24_000)),
        "visemes/bye.json": ("visemes", json.dumps({"cues": [], "words": words}).encode()),
    }  # fmt: skip
    files = [BundleFile(path, content, role, "application/octet-stream", "CC0-1.0", ("tests",)) for path, (role, content) in data.items()]
    rows = [{"path": f.path, "sha256": sha256(f.data), "bytes": len(f.data), "role": f.role, "licence": f.licence} for f in files]
    delivery = {"manner": "warm", "voice": {"backend": "hibari", "own_model": own_model}, "performance": {}}
    write_bundle(
        folder, files, {"schema": "fenshen/bundle@1", "name": "Ada", "seed": 1, "files": rows, "delivery": delivery}, lambda written: None
    )
    return folder
