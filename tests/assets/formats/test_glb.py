"""The GLB container."""

from __future__ import annotations

import json
import struct

import pytest

from assets.errors import FormatError
from assets.formats.glb import pack_glb, unpack_glb


def test_what_is_packed_comes_back() -> None:
    document, binary = unpack_glb(pack_glb({"asset": {"version": "2.0"}, "extras": {"name": "可飞"}}, b"12345"))
    assert document["extras"]["name"] == "可飞"
    assert document["buffers"] == [{"byteLength": 5}]
    assert binary == b"12345\0\0\0"


def test_chunks_are_aligned_to_four_bytes() -> None:
    data = pack_glb({"asset": {"version": "2.0"}}, b"1")
    size = struct.unpack_from("<I", data, 12)[0]
    assert size % 4 == 0
    assert len(data) % 4 == 0
    assert json.loads(data[20 : 20 + size])


def test_a_document_without_a_buffer_has_no_second_chunk() -> None:
    assert unpack_glb(pack_glb({"asset": {"version": "2.0"}}, b""))[1] == b""


LONG_CHUNK = b"glTF" + struct.pack("<IIII", 2, 24, 99, 0) + b"1234"


@pytest.mark.parametrize("data", [b"", b"glTF", b"nope" * 10, pack_glb({}, b"1234")[:-1], LONG_CHUNK])
def test_torn_or_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        unpack_glb(data)
