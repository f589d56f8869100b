"""What the server counts, in the text format of Prometheus; no text of a conversation, no address."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.sessions = Gauge("fenshen_live_sessions", "Open sessions", registry=self._registry)
        self.connections = Counter("fenshen_live_connections", "Connections by how they began", ["outcome"], registry=self._registry)
        self.answers = Counter("fenshen_live_answers", "Answers by source", ["source"], registry=self._registry)
        self.writings = Counter(
            "fenshen_live_writings", "Sentences of the writer by what became of them", ["result"], registry=self._registry
        )
        self.interruptions = Counter("fenshen_live_interruptions", "Answers that a person interrupted", registry=self._registry)
        self.protocol_errors = Counter("fenshen_live_protocol_errors", "Connections that broke the protocol", registry=self._registry)
        self.slow_readers = Counter("fenshen_live_slow_readers", "Connections that did not read what was sent", registry=self._registry)
        self.steps = Histogram(
            "fenshen_live_step_seconds", "Time of a step of an answer", ["step"], buckets=_SECONDS, registry=self._registry
        )

    def render(self) -> bytes:
        """The page /metrics."""
        return generate_latest(self._registry)
