"""Whether a Prefect API answers at an address, before a run needs it: a wrong PREFECT_API_URL is one sentence, not a traceback."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request

from assets.errors import BackendError, Finding

TIMEOUT_S = 10.0
"""A server on a busy machine answers its health check within a second; a dead address would be waited for by minutes."""
_START_ONE = "start one with `prefect server start`, or unset PREFECT_API_URL to use a temporary server"
_FIX = "start it with `prefect server start`, or unset PREFECT_API_URL to use a temporary server"


def check_api(url: str, variable: str, timeout_s: float = TIMEOUT_S) -> None:
    """Returns where a Prefect API answers at the address.

    Args:
        variable: where the address comes from, for the message.

    Raises:
        BackendError: nothing answers in time, or something else than a Prefect API does.
    """
    parts = _split_url(url, variable)
    if (parts.hostname or "").endswith("prefect.cloud"):
        return  # answers only to a client with a key
    try:
        with urllib.request.urlopen(f"{hide_credentials(url).rstrip('/')}/health", timeout=timeout_s) as response:
            answer = response.read(1000)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return  # a server that wants a key: Prefect's client sends it, this check does not
        fix = "see the server's own log" if error.code >= 500 else _suggest_path(parts)
        raise _make_error(url, variable, f"answers with HTTP status {error.code}", fix) from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(getattr(error, "reason", error), ssl.SSLError):
            return  # Prefect's client has settings for certificates, this check does not
        raise _make_error(url, variable, f"does not answer: {_describe(error, timeout_s)}", _FIX) from error
    if not _is_health_answer(answer):
        problem = "is the address of a server that is not a Prefect API"
        raise _make_error(url, variable, problem, _suggest_path(parts))


def _split_url(url: str, variable: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is not a number, an unclosed [
        valid = False
    if not valid:
        raise _make_error(url, variable, "is not an http or https address", "write it like http://127.0.0.1:4200/api")
    return parts


def _suggest_path(parts: urllib.parse.SplitResult) -> str:
    """What to try instead; where the path is right already, the server is the wrong one."""
    if parts.path.rstrip("/").endswith("/api"):
        return _START_ONE
    return hide_credentials(f"the address of a Prefect API ends in /api: {parts.scheme}://{parts.netloc}/api")


def _make_error(url: str, variable: str, problem: str, fix: str) -> BackendError:
    return BackendError(Finding("build/server", f"{variable} is {hide_credentials(url)}, which {problem}", fix=fix))


def hide_credentials(url: str) -> str:
    """The address without the user and password that it may hold."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def _describe(error: Exception, timeout_s: float) -> str:
    """The reason in a few words."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no reply within {timeout_s:g} s"
    if isinstance(reason, socket.gaierror):
        return "the host name is unknown"
    return str(getattr(reason, "strerror", None) or reason).lower()


def _is_health_answer(answer: bytes) -> bool:
    """Whether it is what /health of a Prefect API says: `true`."""
    try:
        return json.loads(answer) is True
    except ValueError:
        return False
