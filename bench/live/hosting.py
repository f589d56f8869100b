"""The live server of one bundle in a thread of the benchmark, with its models loaded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flows.live.app import create_app
from flows.live.bundle import LiveBundle
from flows.live.server import make_server, open_listener
from flows.live.services import LiveOptions, Services
from stages.dialogue.answerer import Answer, Answerer, Turn


class Rewording:
    """An answerer whose answers have words that no line of the bundle has, so that they must be spoken."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer of the real one with other first words."""
        found = self._answerer.answer(question, history)
        # Within the first sentence: a short sentence of its own would be spoken sooner.
        return replace(found, text=f"As far as I know, {found.text}" if found.text.isascii() else f"据我所知，{found.text}")


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    page: str
    socket: str
    services: Services


@contextmanager
def serve_bundle(bundle: LiveBundle, wrap: Callable[[Answerer], object] | None = None) -> Iterator[Running]:
    """Serves it until the block ends; `wrap` replaces its answerer."""
    bundle = replace(bundle)
    if wrap:
        bundle.__dict__["answerer"] = wrap(bundle.answerer)
    services = Services({bundle.name: bundle}, LiveOptions())
    services.preload()
    server = make_server(create_app(services, preload=False))
    listener = open_listener("127.0.0.1", 0)
    listener.listen()
    port = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{port}/talk/{bundle.name}", f"ws://127.0.0.1:{port}/live", services)
    finally:
        server.should_exit = True
        thread.join(20)
