"""JSON of strangers: what cannot be read is one kind of error, however it was built to be unreadable."""

from __future__ import annotations

import json
from typing import Any


def parse_json(data: str | bytes) -> Any:
    """The value in JSON text.

    Raises:
        ValueError: it is not JSON, or is nested too deeply, where Python itself raises RecursionError.
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
