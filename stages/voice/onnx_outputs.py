"""Adds outputs to an ONNX graph, optimises it, and opens single-threaded sessions; without the package onnx.

Concatenated protobuf messages merge, so appending a ModelProto that has only graph.output adds an output.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from assets.temporary_folder import open_temporary_folder

if TYPE_CHECKING:
    import onnxruntime as ort

FLOAT_ELEM_TYPE = 1
_SEED_LOCK = threading.Lock()


def _encode_field(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128, "one-byte protobuf length"
    return bytes([number << 3 | 2, len(payload)]) + payload


def add_graph_output(model: bytes, name: str) -> bytes:
    """The model with the float tensor `name` as its last graph output; unchanged if the graph has no such tensor."""
    if name.encode() not in model:
        return model
    tensor = _encode_field(1, bytes([1 << 3, FLOAT_ELEM_TYPE]))  # TypeProto.tensor_type{elem_type}
    value = _encode_field(1, name.encode()) + _encode_field(2, tensor)  # ValueInfoProto{name, type}
    return model + _encode_field(7, _encode_field(12, value))  # ModelProto.graph{output}


def optimise_model(model: bytes) -> bytes:
    """The model optimised by onnxruntime for this CPU, which halves the time to open a session.

    Raises:
        OSError: ENOSPC if the temporary folder has no room for it; onnxruntime's own error would not name the cause.
    """
    import onnxruntime as ort

    options = _make_session_options()
    with open_temporary_folder() as folder:
        if shutil.disk_usage(folder).free < 2 * len(model):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return Path(options.optimized_model_filepath).read_bytes()


def open_session(model: bytes, *, seed: int | None = None, ready: bool = False) -> ort.InferenceSession:
    """A single-threaded session: reproducible, and faster for such small models than more threads than free cores.

    Args:
        ready: the model comes from `optimise_model`.
    """
    import onnxruntime as ort

    options = _make_session_options()
    if ready:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    with _SEED_LOCK:  # random nodes read the process-wide seed when their session opens
        if seed is not None:
            ort.set_seed(seed % (2**31))
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _make_session_options() -> ort.SessionOptions:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
