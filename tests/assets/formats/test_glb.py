"""The GLB container."""

from __future__ import annotations

import json
import struct

import pytest

from assets.errors import FormatError
from assets.formats.glb import pack_glb, unpack_glb


def test_document_and_buffer_survive() -> None:
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


def make_glb(chunk: bytes) -> bytes:
    """A GLB of one JSON chunk."""
    return b"glTF" + struct.pack("<IIII", 2, 20 + len(chunk), len(chunk), 0x4E4F534A) + chunk


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file does not begin with the glTF magic number"),
        (b"nope" * 10, "the file does not begin with the glTF magic number"),
        (pack_glb({}, b"1234")[:-1], "the header declares version 2 and 64 bytes; expected version 2 and 63 bytes"),
        (LONG_CHUNK, "a chunk declares 99 bytes, but only 4 follow"),
        (make_glb(b"{no}"), "the file has no readable JSON chunk"),
        (make_glb(b"[1]\n"), "the JSON chunk is not an object"),
    ],
)
def test_a_bad_file_is_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        unpack_glb(data)
    assert str(caught.value) == f"error[glb/malformed] {message}; export the file again"
