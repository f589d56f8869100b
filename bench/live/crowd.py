"""Four people at once, without a browser: each streams a question in real time, and waits for the answer."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np
from websockets.sync.client import connect

from assets.artefacts.geometry import Floats
from bench.live.hosting import serve_bundle
from bench.live.judge import summarise
from bench.live.sound import OTHER_VOICES, speak_question
from flows.live.bundle import LiveBundle

BLOCK = 512
SILENCE_S = 3.0
"""After the question: the microphone stays on."""


def talk_at_once(bundle: LiveBundle, questions: list[tuple[str, str]]) -> dict[str, Any]:
    """Waiting times from the last sample of each question to the message `answer`."""
    sounds = [speak_question(text, OTHER_VOICES[bundle.voice], bundle.language) for _, text in questions]
    waits: list[float] = []
    with serve_bundle(bundle) as running:
        threads = [threading.Thread(target=_ask, args=(running.socket, sound, waits)) for sound in sounds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    print(f"{len(questions)} at once: {summarise(waits)} from the last sample to the answer's message; {len(waits)} answered")
    return {"waits": waits}


def _ask(address: str, sound: Floats, waits: list[float]) -> None:
    silence = np.zeros(int(SILENCE_S * 16_000), np.float32)
    stream = np.round(np.concatenate([silence[:8000], sound, silence]) * 32767).astype("<i2")
    ended: list[float] = []
    with connect(address, proxy=None, max_size=None) as client:
        client.send(json.dumps({"type": "hello", "protocol": 1}))
        reader = threading.Thread(target=_read, args=(client, ended))
        reader.start()
        began = time.perf_counter()
        for at in range(0, len(stream) - BLOCK, BLOCK):
            time.sleep(max(0.0, began + at / 16_000 - time.perf_counter()))
            client.send(b"\1\0\0\0" + stream[at : at + BLOCK].tobytes())
        reader.join(10)
    if ended:
        waits.append(ended[0] - (began + (8000 + len(sound)) / 16_000))


def _read(client: Any, ended: list[float]) -> None:
    while not ended:
        if json.loads(client.recv(timeout=30))["type"] == "answer":
            ended.append(time.perf_counter())
