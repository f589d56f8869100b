"""A server on loopback that speaks OpenAI's chat completions, over real sockets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ChatServer:
    """The requests that it got, and what it answers."""

    reply: Callable[[dict[str, Any]], str]
    """Request -> text of the model."""
    status: int = 200
    raw: bytes | None = None
    """Sent in place of a completion."""
    redirect: str = ""
    delay_s: float = 0.0
    requests: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    """(path, request, Authorization) in order."""
    address: str = ""


@contextmanager
def run_chat_server(server: ChatServer) -> Iterator[ChatServer]:
    """Serves on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append((self.path, request, self.headers.get("Authorization", "")))
            time.sleep(server.delay_s)
            completion = {"choices": [{"message": {"role": "assistant", "content": server.reply(request)}}]}
            body = json.dumps(completion).encode() if server.raw is None else server.raw
            self.send_response(server.status)
            if server.redirect:
                self.send_header("Location", server.redirect)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{running.server_address[1]}/v1"
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
