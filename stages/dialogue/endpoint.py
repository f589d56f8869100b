"""A language model behind an address that speaks OpenAI's chat completions: a server on this machine, or a service that the user chose.

Nothing is sent anywhere unless a spec or a command names the address. The key comes from an environment variable, never from the spec.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from assets.errors import BackendError, Finding
from assets.spec.wording import shorten

SCHEMES = ("http://", "https://")
TIMEOUT_S = 60.0
"""For one answer while a bundle is built: a small model on a slow core writes two sentences in twenty seconds."""
MAX_REPLY_BYTES = 1_000_000


def is_address(model: str) -> bool:
    """Whether persona.model is an address and not a folder or an id."""
    return model.startswith(SCHEMES)


def explain_wrong_address(address: str) -> str:
    """Why no model can be reached there; empty for a usable address."""
    try:
        parts = urlsplit(address)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return "the address cannot be read"
    if parts.username or parts.password:
        return "the address has a name or a password in it"
    if parts.query or parts.fragment:
        return "the address has a ? or # in it"
    return "" if parts.hostname and port_is_valid else "the address has no host"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the key to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        return None


@dataclass(frozen=True)
class EndpointModel:
    """A model at an address."""

    address: str
    """Up to and including the version, such as http://127.0.0.1:8000/v1."""
    name: str
    """The model's name there."""
    key_variable: str = ""
    """Environment variable that holds the key; empty where none is needed."""
    timeout_s: float = TIMEOUT_S

    def generate_text(self, messages: list[dict[str, str]], *, tokens: int = 80) -> str:
        """The model's answer to the messages, at temperature 0.

        Raises:
            BackendError: it does not answer in time, refuses, or sends something else.
        """
        request = {"model": self.name, "messages": messages, "max_tokens": tokens, "temperature": 0, "seed": 1}
        reply = self._post(json.dumps(request).encode())
        try:
            text = json.loads(reply)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise self._make_error("it sent no chat completion") from error
        return str(text or "").strip()

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"} | self._authorise()
        address = f"{self.address.rstrip('/')}/chat/completions"
        request = urllib.request.Request(address, body, headers, method="POST")
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=self.timeout_s) as stream:
                reply: bytes = stream.read(MAX_REPLY_BYTES + 1)
        except urllib.error.HTTPError as error:
            raise self._make_error(f"it answered with status {error.code}{_read_reason(error)}") from error
        except TimeoutError as error:
            raise self._make_error(f"it did not answer within {self.timeout_s:g} seconds") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(reason, TimeoutError):
                raise self._make_error(f"it did not answer within {self.timeout_s:g} seconds") from error
            raise self._make_error(f"it cannot be reached ({shorten(str(reason), 80)})") from error
        if len(reply) > MAX_REPLY_BYTES:
            raise self._make_error(f"it sent more than {MAX_REPLY_BYTES // 1_000_000} MB")
        return reply

    def _authorise(self) -> dict[str, str]:
        if not self.key_variable:
            return {}
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise BackendError(report_missing_key(self.key_variable))
        if not key.isascii() or not key.isprintable():
            message = f"the environment variable {self.key_variable} holds characters that no key has"
            raise BackendError(Finding("dialogue/endpoint-key", message, fix="set it to the key alone"))
        return {"Authorization": f"Bearer {key}"}

    def _make_error(self, reason: str) -> BackendError:
        message = f"the model {shorten(self.name)} at {shorten(self.address)}: {reason}"
        return BackendError(Finding("dialogue/endpoint", message, fix="check persona.model and its server, or remove persona.backend"))


def report_missing_key(variable: str) -> Finding:
    """The finding for a key that is not set."""
    return Finding("dialogue/endpoint-key", f"the environment variable {variable} is not set", fix="set it to the key of the endpoint")


def _read_reason(error: urllib.error.HTTPError) -> str:
    """What an OpenAI-compatible server says about a refusal, on one line; empty where it says nothing."""
    try:
        found: Any = json.loads(error.read(10_000))
        message = found["error"]["message"] if isinstance(found["error"], dict) else found["error"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return ""
    return f": {shorten(str(message), 80)}"
