"""What every format guarantees: what it exports it loads again, equal values give equal bytes, and other bytes are one FormatError."""

from __future__ import annotations

import importlib

import pytest

from assets.errors import FormatError
from assets.formats.registry import FORMATS

GARBAGE = (b"", b"\0", b"this is not a file of any format\n" * 4)


def check_format(name: str) -> None:
    """Fails where the format breaks the contract; its values are in round_trips/NAME.py."""
    sample = importlib.import_module(f"tests.assets.formats.round_trips.{name}")
    export, load = FORMATS[name].import_exporter(), FORMATS[name].import_loader()
    data = export(*sample.make_arguments())
    assert isinstance(data, bytes)
    assert export(*sample.make_arguments()) == data
    sample.check(load(data))
    for garbage in GARBAGE:
        with pytest.raises(FormatError) as caught:
            load(garbage)
        assert len(caught.value.findings) == 1
