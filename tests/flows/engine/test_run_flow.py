"""What `run_flow` makes of errors of Prefect's server."""

from __future__ import annotations

import httpx
import pytest

from assets.errors import BackendError
from flows.engine.run_flow import _map_server_errors

FIX = "see the server's own log, or unset PREFECT_API_URL to use a temporary server"


@pytest.mark.parametrize(("error", "reason"), [
    (httpx.ConnectError("All connection attempts failed"), "All connection attempts failed"),
    (httpx.ReadTimeout(""), "ReadTimeout"),
    (RuntimeError("Failed to reach API at http://127.0.0.1:1/api/."), "Failed to reach API at http://127.0.0.1:1/api/"),
])  # fmt: skip
def test_a_server_that_is_lost_during_a_run_is_one_sentence(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://ada:secret@127.0.0.1:1/api")
    with pytest.raises(BackendError) as caught, _map_server_errors():
        raise error
    assert str(caught.value) == f"error[build/server] the Prefect server at http://127.0.0.1:1/api failed: {reason}; {FIX}"


def test_any_other_error_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="no such thing"), _map_server_errors():
        raise RuntimeError("no such thing")
