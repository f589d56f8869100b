"""A small bundle that can talk, and a real server for it on loopback in a thread of this process."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
import threading
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from websockets.sync.client import ClientConnection, connect

from assets.digest import sha256
from flows.live.app import create_app
from flows.live.bundle import open_bundles
from flows.live.server import make_server, open_listener
from flows.live.services import LiveOptions, Services

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "stages" / "verify"))
import tiny

HOURS, PRICE, LOST = "We open at nine.", "A ticket costs eight pounds.", "I do not know that."
ROLES = {"avatar": "avatar", "dialogue": "dialogue", "voice": "voice", "visemes": "visemes", "LICENSES": "licences"}


def make_wav(seconds: float, rate: int = 16_000) -> bytes:
    """A quiet tone."""
    samples = (np.sin(np.arange(int(seconds * rate)) * 0.2) * 3000).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def write_live_bundle(folder: Path, hours: str = HOURS, voice: str = "hibari", facts: tuple[str, ...] = (), quoted: bool = False) -> Path:
    """A bundle of three lines in `folder`, and of facts without example questions; with `quoted` the price is of a document."""
    texts = {"hours": hours, "price": PRICE, "lost": LOST} | {f"fact_{number}": fact for number, fact in enumerate(facts, start=1)}
    source = {"price": {"source": {"file": "<b>prices</b>.csv", "row": 4}}} if quoted else {}
    dialogue = {
        "persona": {"name": "Ada", "language": "en"},
        "lines": [
            {"id": name, "text": text, "language": "en", "emotion": "neutral"} | source.get(name, {}) for name, text in texts.items()
        ],
        "replies": [
            {"line": "hours", "questions": ["When do you open?", "What are your opening hours?"]},
            {"line": "price", "questions": ["What does a ticket cost?", "How much is it?"]},
            *({"line": f"fact_{number}", "questions": []} for number in range(1, len(facts) + 1)),
        ],
        "fallback": "lost",
    }
    track = json.dumps({"cues": [], "words": [{"start": 0.1, "end": 0.3, "text": "We"}]}).encode()
    files = {"avatar.glb": tiny.glb(jaw=0.5), "dialogue.json": json.dumps(dialogue).encode(), "LICENSES.md": b"licences"}
    files |= {f"voice/{name}.wav": make_wav(0.4) for name in texts} | {f"visemes/{name}.json": track for name in texts}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    manifest = {
        "schema": "fenshen/bundle@1", "name": "Ada", "seed": 7, "models": [], "stages": [{"name": "voice", "backend": voice}],
        "files": [
            {"path": path, "sha256": sha256(data), "bytes": len(data), "role": ROLES[path.split("/")[0].split(".")[0]],
             "licence": "CC0-1.0", "media_type": "application/octet-stream"}
            for path, data in files.items()
        ],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@dataclass
class Running:
    """A server that answers."""

    port: int
    services: Services
    server: uvicorn.Server

    def cut_connections(self) -> None:
        """Every client loses its connection, as in a dead spot of the network."""
        for connection in list(self.server.server_state.connections):
            connection.loop.call_soon_threadsafe(connection.transport.abort)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body; redirects are followed."""
        request = urllib.request.Request(self.address + path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def connect(self, **options: Any) -> ClientConnection:
        """A client that has not said hello."""
        return connect(f"ws://127.0.0.1:{self.port}/live", proxy=None, max_size=None, **options)

    def talk(self, **hello: Any) -> Talk:
        """A client that has said hello and was welcomed."""
        return Talk(self.connect(), hello)


class Talk:
    """One conversation as a client sees it."""

    def __init__(self, socket: ClientConnection, hello: dict[str, Any]) -> None:
        self.socket = socket
        self.send(type="hello", protocol=1, **hello)
        self.ready = self.read("ready")

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def read(self, kind: str, seconds: float = 60) -> dict[str, Any]:
        """The next message of that kind; others are skipped."""
        while True:
            frame = self.socket.recv(timeout=seconds)
            message = json.loads(frame) if isinstance(frame, str) else {"type": "binary", "frame": frame}
            if message["type"] == kind:
                return dict(message)

    def ask(self, text: str) -> dict[str, Any]:
        """The answer to a typed question."""
        self.send(type="ask", text=text)
        return self.read("answer")

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@contextmanager
def run_live(folders: list[Path], options: LiveOptions | None = None, *, send_buffer: int = 0) -> Iterator[Running]:
    """Serves the bundles until the block ends; models are loaded by the first question.

    Args:
        send_buffer: bytes that the kernel keeps for a client that does not read.
    """
    services = Services(open_bundles(folders), options or LiveOptions())
    server = make_server(create_app(services, preload=False))
    listener = open_listener("127.0.0.1", 0)
    if send_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    listener.listen()  # a connection waits until the server takes it
    try:
        yield Running(listener.getsockname()[1], services, server)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
