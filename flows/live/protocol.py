"""The messages of a live conversation: JSON text frames, and binary frames for sound. docs/live.md describes them for other clients."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

VERSION = 1
MAX_TEXT = 500
"""Characters of a question; longer ones are refused, not cut."""
MAX_FRAME = 64_000
"""Bytes of a client's frame: a second of sound is 32,000."""
MICROPHONE, SPEECH = 1, 2
"""First byte of a binary frame: a client's sound, a server's speech."""
_HEAD = struct.Struct("<BxxxI")
"""Kind, three unused bytes, length of the JSON that follows; the payload after it starts at a multiple of four."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hello(_Message):
    """The first message: who is meant, and what the client can do."""

    type: Literal["hello"]
    protocol: int
    bundle: Annotated[str, Field(max_length=200)] = ""
    """Empty: the first bundle of the server."""
    resume: Annotated[str, Field(max_length=64)] = ""
    """The session of a lost connection, which keeps its memory."""
    consent: bool = False
    """The person agrees that the conversation is recorded, where the server records."""


class Ask(_Message):
    """A typed question."""

    type: Literal["ask"]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Say(_Message):
    """A text that the character is to speak as it is, where the server allows it."""

    type: Literal["say"]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Played(_Message):
    """What the client's loudspeaker does: it has begun or ended to play an answer."""

    type: Literal["played"]
    answer: int
    event: Literal["started", "ended"]


class Stop(_Message):
    """The person has stopped the answer."""

    type: Literal["stop"]


class Microphone(_Message):
    """The microphone is on or off."""

    type: Literal["microphone"]
    on: bool


ClientMessage = Hello | Ask | Say | Played | Stop | Microphone
_ADAPTER: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


class ProtocolError(Exception):
    """A frame that no client of this protocol sends; its text is for the client's developer."""


def parse_message(text: str) -> ClientMessage:
    """The message of a text frame; raises ProtocolError with the first thing that is wrong."""
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    except RecursionError:
        raise ProtocolError("the JSON is nested too deeply") from None


def read_sound(frame: bytes) -> bytes:
    """The 16-bit samples of a binary frame of the microphone; raises ProtocolError for any other frame."""
    if len(frame) < 4 or frame[0] != MICROPHONE or frame[1:4] != b"\0\0\0":
        raise ProtocolError(f"a binary frame begins with the bytes {MICROPHONE} 0 0 0")
    if len(frame) % 2:
        raise ProtocolError("the sound has half a sample")
    return frame[4:]


def encode_message(kind: str, **fields: Any) -> str:
    """A text frame."""
    return json.dumps({"type": kind} | fields, ensure_ascii=False, allow_nan=False)


def encode_speech(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """A binary frame: a JSON header, then the parts one after the other; the first starts at a multiple of four bytes."""
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return _HEAD.pack(SPEECH, len(text)) + text + b"".join(parts)


def decode_speech(frame: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a frame by `encode_speech`."""
    kind, length = _HEAD.unpack_from(frame)
    if kind != SPEECH:
        raise ProtocolError("the frame is no speech")
    end = _HEAD.size + length
    return dict(json.loads(frame[_HEAD.size : end])), frame[end:]
