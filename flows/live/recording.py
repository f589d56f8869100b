"""Conversations on disk, where the server was started with --record and the person has agreed; otherwise nothing is stored."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.voice.backend import Samples


class Recording:
    """The folder of one session: conversation.jsonl and a WAV file for each spoken question."""

    def __init__(self, folder: Path, bundle: str, session: str) -> None:
        self._folder = folder / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{bundle}-{session[:8]}"
        self._turns = 0

    def add_turn(self, question: str, lines: tuple[str, ...], text: str, sound: Samples | None) -> None:
        """Appends a question and its answer; runs in a thread, since it writes to the disk."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._turns += 1
        row: dict[str, Any] = {"at": time.time(), "consent": True, "question": question, "lines": lines, "answer": text}
        if sound is not None:
            from assets.formats.wav import export_wav

            row["sound"] = f"question_{self._turns:03}.wav"
            (self._folder / row["sound"]).write_bytes(export_wav(sound, 16_000))
        with (self._folder / "conversation.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
