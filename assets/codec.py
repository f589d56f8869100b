"""Any Artefact <-> one safetensors file: arrays and bytes as tensors, everything else as JSON in its header.

One codec for all kinds: it walks the fields of the dataclass and decodes by its type hints, so a new kind needs no code here.
No pickle: a store that others can write to must not be able to run code.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import safetensors.numpy as tensors
from safetensors import SafetensorError

from assets.artefact import Artefact
from assets.errors import Finding, StoreError

A = TypeVar("A", bound=Artefact)
_HEADER = "fenshen"


def encode_artefact(artefact: Artefact) -> bytes:
    """The artefact as bytes; equal artefacts give equal bytes."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    header = {"kind": artefact.kind, "value": _pack(artefact, arrays)}
    # The header is a tensor: the order of safetensors' own metadata map may vary.
    text = np.frombuffer(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode(), np.uint8)
    return tensors.save({_HEADER: text, **arrays})


def decode_artefact(data: bytes, makes: type[A]) -> A:
    """The artefact of type `makes` that these bytes hold; raises StoreError for any other bytes."""
    try:
        arrays = tensors.load(data)
        header = json.loads(arrays[_HEADER].tobytes())
        if header["kind"] != makes.kind:
            raise StoreError(
                Finding("store/kind", f"expected an artefact of kind {makes.kind}, found {header['kind']}", fix="build again with --force")
            )
        return typing.cast(A, _unpack(header["value"], makes, arrays))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise StoreError(Finding("store/corrupt", f"cannot read a stored {makes.kind}: {error}", fix="build again")) from error


def _pack(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, (np.ndarray, bytes)):
        key = f"a{len(arrays):05d}"
        array = value if isinstance(value, np.ndarray) else np.frombuffer(value, np.uint8)
        arrays[key] = np.ascontiguousarray(array)
        return key
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _pack(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, dict):
        return {str(key): _pack(item, arrays) for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value


@lru_cache(maxsize=128)  # of the dataclasses of artefacts, of which there are some 40
def _get_hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _unpack(value: Any, hint: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = next(a for a in arguments if a is not type(None))
        return None if value is None else _unpack(value, inner, arrays)
    if origin is np.ndarray:
        return arrays[value]
    if hint is bytes:
        return arrays[value].tobytes()
    if origin is tuple:
        kinds = arguments if arguments[-1] is not Ellipsis else (arguments[0],) * len(value)
        return tuple(_unpack(item, kind, arrays) for item, kind in zip(value, kinds, strict=True))
    if origin is dict:
        return {key: _unpack(item, arguments[1], arrays) for key, item in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = _get_hints(hint)
        return hint(**{name: _unpack(item, hints[name], arrays) for name, item in value.items()})
    return value
