"""Makes an inner tensor of an ONNX file a graph output, optimises it once, opens sessions on one thread; needs no onnx package.

Concatenated protobuf messages merge: a second ModelProto that holds only graph.output is appended to the file's bytes.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime as ort

FLOAT_ELEM_TYPE = 1
_SEED_LOCK = threading.Lock()


def _encode_field(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128, "one-byte protobuf length"
    return bytes([number << 3 | 2, len(payload)]) + payload


def add_graph_output(model: bytes, name: str) -> bytes:
    """The model's bytes with tensor `name` (float) as its last graph output; unchanged where the graph lacks it."""
    if name.encode() not in model:
        return model
    tensor = _encode_field(1, bytes([1 << 3, FLOAT_ELEM_TYPE]))  # TypeProto.tensor_type{elem_type}
    value = _encode_field(1, name.encode()) + _encode_field(2, tensor)  # ValueInfoProto{name, type}
    return model + _encode_field(7, _encode_field(12, value))  # ModelProto.graph{output}


def optimise_model(model: bytes) -> bytes:
    """The model as onnxruntime rearranges it for this very machine: a session of it opens in under half the time.

    Raises:
        OSError: ENOSPC where the temporary folder has no room for it; onnxruntime itself would fail with a message of its own.
    """
    import onnxruntime as ort

    options = _make_session_options()
    with tempfile.TemporaryDirectory(prefix="fenshen-") as folder:
        if shutil.disk_usage(folder).free < 2 * len(model):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return Path(options.optimized_model_filepath).read_bytes()


def open_session(model: bytes, *, seed: int | None = None, ready: bool = False) -> ort.InferenceSession:
    """A session on one thread; more threads than free cores made these small models slower, and one is reproducible.

    Args:
        ready: the model is `optimised`.
    """
    import onnxruntime as ort

    options = _make_session_options()
    if ready:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    with _SEED_LOCK:  # random nodes read the process's seed when their session is made
        if seed is not None:
            ort.set_seed(seed % (2**31))
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _make_session_options() -> ort.SessionOptions:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
